//! `darkroom processors`: what the canister can make, and how it can be asked to.

use darkroom_api as api;
use serde_json::Value;

use crate::args::{Processors, Target};
use crate::commands::{json, print};
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result};
use crate::text;

pub(super) fn run(target: &Target, args: &Processors) -> Result<()> {
    with_canister(target, Need::Deployed(Box::default()), async |connection: &Connection| {
        for processor in connection.darkroom.processors().await? {
            let schema = schema(&processor)?;
            if args.json {
                print(&json(&with_schema(&processor, schema)?)?)?;
            } else {
                print(&described(&processor, &schema))?;
            }
        }
        Ok(())
    })
}

/// The JSON Schema of a processor's params; null where the canister is too old to tell.
fn schema(processor: &api::ProcessorInfo) -> Result<Value> {
    let Some(text) = &processor.params else { return Ok(Value::Null) };
    serde_json::from_str(text)
        .map_err(|error| Error::Local(format!("the schema of `{}` is not JSON: {error}", processor.id)))
}

/// The processor as JSON, with its schema as JSON instead of text.
fn with_schema(processor: &api::ProcessorInfo, schema: Value) -> Result<Value> {
    let mut value =
        serde_json::to_value(processor).map_err(|error| Error::Local(format!("as JSON: {error}")))?;
    value["params"] = schema;
    Ok(value)
}

fn described(processor: &api::ProcessorInfo, schema: &Value) -> String {
    let api::ProcessorInfo { id, version, kind, accepts, .. } = processor;
    let head = text::printable(&format!("{id}, version {version}, makes {kind} of {}", accepts.join(" ")));
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        return head;
    };
    let row = |(name, property): (&String, &Value)| {
        // A little to the right of what they belong to.
        let name = format!("  {name}");
        let what = property["description"].as_str().unwrap_or_default().replace('\n', " ");
        [name, kind_of(property), property["default"].to_string(), allowed(property), what]
    };
    let rows = properties.iter().map(row).collect();
    let table = text::table(["  PARAM", "TYPE", "DEFAULT", "ALLOWED", "WHAT"], rows, &[]);
    format!("{head}\n{table}\n")
}

fn kind_of(property: &Value) -> String {
    match &property["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            let (null, kinds): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|kind| *kind == "null");
            kinds.join(" or ") + if null.is_empty() { "" } else { ", optional" }
        }
        _ if names(property).is_empty() => String::new(),
        _ => "string".to_owned(),
    }
}

/// The range, or the names that can stand there.
fn allowed(property: &Value) -> String {
    match (&property["minimum"], &property["maximum"]) {
        (Value::Null, Value::Null) => names(property).join(" "),
        (least, Value::Null) => format!("{least} and more"),
        (Value::Null, most) => format!("at most {most}"),
        (least, most) => format!("{least} to {most}"),
    }
}

/// The names of an enumeration, which are listed or stand one by one with their descriptions.
fn names(property: &Value) -> Vec<String> {
    let texts = |values: &Vec<Value>| values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(values) = property["enum"].as_array() {
        return texts(values);
    }
    let Some(choices) = property["oneOf"].as_array() else { return Vec::new() };
    let named = choices.iter().flat_map(|choice| match choice["enum"].as_array() {
        Some(values) => texts(values),
        None => choice["const"].as_str().map(str::to_owned).into_iter().collect(),
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_told_in_words() {
        let registry = crate::toolkit::registry().unwrap();
        let schema = registry.get("thumbnail").unwrap().schema();
        let told = |name: &str| {
            let property = &schema["properties"][name];
            (kind_of(property), property["default"].to_string(), allowed(property))
        };
        let row = |kind: &str, default: &str, allowed: &str| {
            (kind.to_owned(), default.to_owned(), allowed.to_owned())
        };
        assert_eq!(told("width"), row("integer", "320", "1 to 4096"));
        assert_eq!(told("fit"), row("string", "\"cover\"", "cover contain fill inside outside"));
        assert_eq!(told("max_bytes"), row("integer, optional", "null", "256 to 1073741824"));
        assert_eq!(told("enlarge"), row("boolean", "false", ""));
        assert_eq!(told("background"), row("string", "\"#ffffff\"", ""));
    }
}
