// A client as an integrator writes it, compiled against the types that are generated from the
// document. It is never run: that it compiles is the check.
import type { components, operations, paths } from "./generated/openapi";

type Lead = components["schemas"]["LeadDetails"];
type Problem = components["schemas"]["Problem"];
type NewLead = operations["create_lead"]["requestBody"]["content"]["application/json"];
type Written = operations["create_lead"]["responses"][201]["content"]["application/json"];
type LeadPage = operations["list_leads"]["responses"][200]["content"]["application/json"];
type Filter = NonNullable<operations["list_leads"]["parameters"]["query"]>;

const base = "http://127.0.0.1:8080/api/v1";

async function send<T>(method: string, path: keyof paths | string, body?: unknown): Promise<T> {
  const answer = await fetch(base + path, {
    method,
    headers: { Authorization: "Bearer …", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const problem = (await answer.json()) as Problem;
    throw new Error(`${problem.code}: ${problem.detail} (${problem.request_id ?? "no id"})`);
  }
  return (await answer.json()) as T;
}

export async function enter(fullName: string, email: string): Promise<string> {
  const lead: NewLead = { source: "manual", contact: { full_name: fullName, email } };
  const written = await send<Written>("POST", "/leads", lead);
  return `${written.id} has version ${written.version}`;
}

export async function hottest(): Promise<LeadPage["items"]> {
  const filter: Filter = { stage: ["new", "contacted"], tier: ["hot"], sort: "-ai_score,created_at", limit: 10 };
  const query = new URLSearchParams({ sort: filter.sort ?? "", limit: String(filter.limit) });
  const page = await send<LeadPage>("GET", `/leads?${query.toString()}`);
  return page.items;
}

export async function isQualified(id: string): Promise<boolean> {
  const lead = await send<Lead>("GET", `/leads/${id}`);
  return lead.stage === "qualified";
}

// @ts-expect-error a stage that does not exist does not compile
export const nonsense: Filter = { stage: ["nowhere"] };
