//! The query parameters of an operation, as one struct whose fields are parameters.

use super::body::pointer;
use super::described::Described;
use super::problem::Problem;
use super::sentence::in_our_words;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// What a query string asks. In the document each field of `T` becomes a parameter of its own.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<'a, T: Described + DeserializeOwned + Send> ApiExtractor<'a> for Params<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::announce(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(T::reference())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self(parse(request.uri().query().unwrap_or_default())?))
    }
}

/// Reads a query string. A parameter that comes several times counts as a list of its values.
fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| Problem::at("", "the query string cannot be read"))?;
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|known| {
                known.push(',');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    // An empty parameter is one that was not filled in.
    joined.retain(|_, value| !value.is_empty());
    let written = serde_urlencoded::to_string(&joined)
        .map_err(|_| Problem::at("", "the query string cannot be read"))?;
    let parameters = serde_urlencoded::Deserializer::new(form(written.as_bytes()));
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        let place = pointer(error.path()).trim_start_matches('/').to_owned();
        Problem::at(place, in_our_words(&error.into_inner().to_string()))
    })
}

fn form(bytes: &[u8]) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::List;
    use super::*;
    use ael_events::values::Stage;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        stage: Option<List<Stage>>,
        limit: Option<u16>,
        flag: Option<bool>,
    }

    #[test]
    fn lists_come_with_commas_or_several_times() {
        let both = Some(List(vec![Stage::New, Stage::Lost]));
        for query in ["stage=new,lost", "stage=new&stage=lost", "stage=new%2C%20lost&limit="] {
            assert_eq!(parse::<Asked>(query).unwrap().stage, both, "{query}");
        }
        let asked: Asked = parse("limit=7&flag=true").unwrap();
        assert_eq!((asked.limit, asked.flag), (Some(7), Some(true)));
    }

    #[test]
    fn a_wrong_or_unknown_parameter_is_named() {
        for (query, name) in
            [("limit=x", "limit"), ("stage=nowhere", "stage"), ("limit=70000", "limit")]
        {
            let problem = parse::<Asked>(query).unwrap_err();
            assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, name));
        }
        assert!(parse::<Asked>("nonsense=1").unwrap_err().detail.contains("nonsense"));
    }
}
