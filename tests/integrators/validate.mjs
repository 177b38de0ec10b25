// Is the document valid OpenAPI? Said by somebody who had no part in writing it.
import SwaggerParser from "@apidevtools/swagger-parser";

const [file] = process.argv.slice(2);
const document = await SwaggerParser.validate(file);
const operations = Object.values(document.paths).flatMap((item) => Object.keys(item));
if (operations.length < 40) {
  throw new Error(`only ${operations.length} operations were found`);
}
console.log(`${file} is valid OpenAPI ${document.openapi}: ${operations.length} operations`);
