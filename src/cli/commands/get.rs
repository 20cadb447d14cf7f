//! `tenantry get`: one object of the tenant, or one of its fields. It only reads, and shows no secret.

use serde_json::{Value as Json, json};

use crate::catalogue::kind::Kind;
use crate::catalogue::table::catalogue;
use crate::cli::args::GetArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::{Look, Project};
use crate::cli::run::Run;
use crate::edge::connection::Target;
use crate::edge::runtime::Runtime;
use crate::model::address::Address;
use crate::model::desired::{Desired, MEMBERS};
use crate::model::diagnostic::nearest;
use crate::model::live::{Live, Object, Reading};
use crate::model::names::TenantName;
use crate::model::value::Value;
use crate::pipeline::canonical::Names;
use crate::pipeline::refresh::{Wanted, refresh};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::report::value::harmless;
use crate::pipeline::yaml_write::to_yaml;

/// Reads the kinds that an address may be about, finds the object and prints it.
///
/// # Errors
/// See [`Failure`].
pub fn run(args: &GetArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let (typed, field) = match args.address.split_once(':') {
        // A name may hold a colon; a field's path holds no slash.
        Some(_) => match args.address.rsplit_once(':') {
            Some((address, field)) if !field.contains('/') => (address, Some(field)),
            _ => (args.address.as_str(), None),
        },
        None => (args.address.as_str(), None),
    };
    let kinds = kinds_of(&args.address)?;
    let desired = desired(args, run)?;
    let settings = &desired.settings;
    let target = Target::of(settings, run.settings.sandbox);
    let api = run.settings.api.connect(settings, &target, &run.settings.state)?.only_reading();
    let live = {
        let _bar = run.terminal.bar(None, "reading the tenant");
        let wanted = Wanted::Everything { only: kinds, exclude: Vec::new() };
        Runtime::start()?.run(api.telling(refresh(&api, wanted), |pause| run.waits(pause)))?
    };
    let names = Names::of(&live, &std::collections::BTreeMap::new());
    let found = |typed: &str| find(&live, &names, &in_tenant(&desired, &live, &names, typed));
    let (object, field) = match found(&args.address) {
        Some(object) => (object, None),
        None => (found(typed).ok_or_else(|| absent(&live, &names, typed))?, field),
    };
    let body = Value::Map(names.body(object));
    let body =
        body.as_map().and_then(|map| map.get(MEMBERS)).filter(|_| object.kind.membership.is_some()).unwrap_or(&body);
    let address = names.address_of(object);
    let value = match field {
        Some(field) => field_of(body, field).ok_or_else(|| no_field(&address, field, body))?,
        None => body,
    };
    let shown = value.to_shown();
    if run.settings.json {
        run.answer_json(&json!({
            "format": "tenantry-object",
            "version": VERSION,
            "tenant": settings.tenant,
            "domain": settings.domain,
            "address": address,
            "id": object.id,
            "field": field,
            "value": shown,
        }))?;
        return Ok(Exit::Done);
    }
    run.terminal.answer(&screen(&shown)?)?;
    Ok(Exit::Done)
}

/// A text stands as it is, everything else as YAML; nothing in it may speak to the terminal.
fn screen(shown: &Json) -> Result<String, Failure> {
    let text = match shown {
        Json::String(text) => text.clone(),
        Json::Array(_) | Json::Object(_) => {
            to_yaml(shown).map_err(|error| Failure::Export(crate::pipeline::export::ExportError::Yaml(error)))?
        }
        other => other.to_string(),
    };
    let mut out: String = text
        .lines()
        .map(|line| format!("{}\n", line.split('\t').map(harmless).collect::<Vec<_>>().join("\t")))
        .collect();
    if out.is_empty() {
        out.push('\n');
    }
    Ok(out)
}

/// Returns the names of the kinds that stand under the first word of an address.
fn kinds_of(address: &str) -> Result<Vec<String>, Failure> {
    let word = address.split(['/', ':']).next().unwrap_or_default();
    let is_named = |kind: &&Kind| kind.top_key() == word || kind.name.split('/').next() == Some(word);
    let kinds: Vec<String> = catalogue().kinds().filter(is_named).map(|kind| kind.name.clone()).collect();
    if kinds.is_empty() {
        let near = nearest(word, catalogue().kinds().map(|kind| kind.name.as_str()));
        return Err(Failure::usage(
            format!("there is no kind `{word}`"),
            near.map_or("`tenantry kinds` lists them.".to_owned(), |near| format!("Did you mean `{near}`?")),
        ));
    }
    Ok(kinds)
}

fn desired(args: &GetArgs, run: &Run<'_>) -> Result<Desired, Failure> {
    let project = Project::read(run, Some(&TenantName(args.tenant.clone())), &Look::default())?;
    match project.desired {
        Some(desired) => Ok(desired),
        None => Err(Failure::Invalid { found: project.found, sources: project.sources }),
    }
}

fn find<'l>(live: &'l Live, names: &Names, wanted: &Address) -> Option<&'l Object> {
    live.objects.iter().find(|object| &names.address_of(object) == wanted)
}

/// Returns the address by what the tenant calls things, for one by what the files call them (`$key`, `bind`).
fn in_tenant(desired: &Desired, live: &Live, names: &Names, typed: &str) -> Address {
    let wanted = Address::typed(typed);
    let mut roots = desired.resources.iter().filter(|resource| resource.parent.is_none());
    let Some(resource) = roots.find(|resource| wanted.is_within(&resource.address)) else { return wanted };
    let bound = desired.settings.bind.get(resource.address.as_str());
    let held = live.objects.iter().find(|object| {
        object.kind.name == resource.kind.name
            && match bound {
                Some(id) => object.id.as_ref().is_some_and(|own| &own.0 == id),
                None => names.name_of(object) == resource.name,
            }
    });
    let rest = typed.get(resource.address.as_str().len()..).unwrap_or_default();
    held.map_or(wanted, |object| Address::typed(&format!("{}{rest}", names.address_of(object))))
}

fn field_of<'v>(body: &'v Value, field: &str) -> Option<&'v Value> {
    let mut value = body;
    for word in field.split('.') {
        value = match value {
            Value::Map(map) => map.get(word)?,
            Value::List(list) => list.get(word.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn no_field(address: &Address, field: &str, body: &Value) -> Failure {
    let known = body.as_map().map(|map| map.keys().map(String::as_str).collect::<Vec<_>>()).unwrap_or_default();
    let help = match nearest(field, known.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if known.is_empty() => "Items of a list are named by their numbers, from 0.".to_owned(),
        None => format!("It has {}.", known.join(", ")),
    };
    Failure::Absent { message: format!("`{address}` has no field `{field}`"), help }
}

fn absent(live: &Live, names: &Names, typed: &str) -> Failure {
    let refused = live.readings.iter().find_map(|(name, reading)| match reading {
        Reading::Refused { status, reason, .. } if typed.starts_with(name.split(['@', '#']).next().unwrap_or(name)) => {
            Some(format!("The tenant does not show it: {reason} ({status})."))
        }
        _ => None,
    });
    let word = typed.split('/').next().unwrap_or_default();
    let known: Vec<String> = live
        .objects
        .iter()
        .map(|object| names.address_of(object).to_string())
        .filter(|address| address.split('/').next() == Some(word))
        .collect();
    let near = nearest(typed, known.iter().map(String::as_str)).map(|near| format!("Did you mean `{near}`?"));
    let help = near.or(refused).unwrap_or_else(|| match known.as_slice() {
        [] => "It has none of the kind.".to_owned(),
        _ => {
            let shown: Vec<String> = known.iter().take(5).map(|address| format!("`{address}`")).collect();
            format!("It has {}{}.", shown.join(", "), if known.len() > 5 { " and others" } else { "" })
        }
    });
    Failure::Absent { message: format!("the tenant has no `{typed}`"), help }
}
