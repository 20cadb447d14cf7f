//! Walks a compiled template before it is rendered and finds what handlebars' strict mode lets through: a missing name
//! in `{{#if}}`, a map inside text, an unknown function, a loop that would never end in a lifetime.

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Path, Template};
use serde_json::Value as Json;

use super::functions::{self, Form, Function};
use super::variable::{Found, Scope, look_up, names};
use crate::model::diagnostic::nearest;

/// The most elements that one template may come to, each turn of a loop counted.
const ELEMENTS: usize = 100_000;

/// Something wrong in a template, at a line and column of its text (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub line: usize,
    pub column: usize,
    pub code: &'static str,
    pub summary: String,
    pub help: Option<String>,
}

/// Returns everything wrong with a template, in the order in which it stands there.
pub fn mistakes(
    template: &Template,
    variables: &Json,
    secrets: &dyn Fn(&str) -> Result<(), Option<String>>,
) -> Vec<Mistake> {
    let mut audit = Audit { at: (1, 1), left: ELEMENTS, found: Vec::new(), secrets };
    let mut scopes = vec![Scope { value: Some(variables), names: Vec::new() }];
    audit.template(template, &mut scopes);
    if audit.left == 0 {
        audit.report("template-too-long", "the template comes to too much, turns of loops counted".to_owned(), None);
    }
    audit.found
}

/// Returns the text of a path as it was written.
pub fn written(path: &Path) -> &str {
    match path {
        Path::Relative((_, raw)) | Path::Local((_, _, raw)) => raw,
    }
}

/// Returns the name of a function or variable.
pub fn name_of(parameter: &Parameter) -> Option<&str> {
    match parameter {
        Parameter::Name(name) => Some(name),
        Parameter::Path(path) => Some(written(path)),
        _ => None,
    }
}

struct Audit<'a> {
    at: (usize, usize),
    left: usize,
    found: Vec<Mistake>,
    /// Says that a secret is declared, or which name is near.
    secrets: &'a dyn Fn(&str) -> Result<(), Option<String>>,
}

impl Audit<'_> {
    fn report(&mut self, code: &'static str, summary: String, help: Option<String>) {
        let (line, column) = self.at;
        let mistake = Mistake { line, column, code, summary, help };
        // A loop meets the same mistake at every turn.
        if !self.found.contains(&mistake) {
            self.found.push(mistake);
        }
    }

    fn template<'v>(&mut self, template: &Template, scopes: &mut Vec<Scope<'v>>) {
        for (index, element) in template.elements.iter().enumerate() {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            if let Some(mapping) = template.mapping.get(index) {
                self.at = (mapping.0, mapping.1);
            }
            match element {
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                    self.expression(call, scopes);
                }
                TemplateElement::HelperBlock(call) => self.block(call, scopes),
                _ => self.report(
                    "unsupported-template",
                    "partials and decorators are not supported".to_owned(),
                    Some("Write the text out, or put it into a variable.".to_owned()),
                ),
            }
        }
    }

    fn expression(&mut self, call: &HelperTemplate, scopes: &[Scope<'_>]) {
        if let (Parameter::Path(path), true) = (&call.name, call.params.is_empty() && call.hash.is_empty()) {
            let path = written(path);
            if let Some(function) = functions::find(path) {
                return self.call(call, function, scopes);
            }
            if let Some(Json::Array(_) | Json::Object(_)) = self.value(path, scopes) {
                self.report(
                    "not-text",
                    format!("`{path}` is a list or a map and cannot stand inside text"),
                    Some(format!("Make `{{{{{path}}}}}` the whole value, or write `{{{{json {path}}}}}`.")),
                );
            }
            return;
        }
        match name_of(&call.name).map(|name| (name, functions::find(name))) {
            Some((_, Some(function))) if function.form != Form::Block => self.call(call, function, scopes),
            Some((name, Some(_))) => {
                let help = format!("Write `{{{{#{name} ..}}}} .. {{{{/{name}}}}}`.");
                self.report("unsupported-template", format!("`{name}` needs a block"), Some(help));
            }
            Some((name, None)) => self.unknown_function(name),
            None => self.report("unsupported-template", "this cannot be called".to_owned(), None),
        }
    }

    fn block<'v>(&mut self, call: &HelperTemplate, scopes: &mut Vec<Scope<'v>>) {
        let name = name_of(&call.name).unwrap_or_default().to_owned();
        match functions::find(&name) {
            Some(function) if function.form == Form::Block => self.call(call, function, scopes),
            Some(_) => {
                return self.report("unsupported-template", format!("`{name}` takes no block"), None);
            }
            None => return self.unknown_function(&name),
        }
        let subject = match call.params.first() {
            Some(Parameter::Path(path)) => match look_up(written(path), scopes) {
                Found::Value(value) => Some(value),
                _ => None,
            },
            _ => None,
        };
        if let Some(body) = &call.template {
            for scope in turns(&name, subject, call) {
                let pushed = scope.is_some();
                scopes.extend(scope);
                self.template(body, scopes);
                if pushed {
                    scopes.pop();
                }
                if self.left == 0 {
                    return;
                }
            }
        }
        if let Some(inverse) = &call.inverse {
            self.template(inverse, scopes);
        }
    }

    fn call(&mut self, call: &HelperTemplate, function: Function, scopes: &[Scope<'_>]) {
        let given = call.params.len();
        if given < function.least || given > function.most {
            let wanted = match (function.least, function.most) {
                (least, most) if least == most => least.to_string(),
                (least, most) => format!("{least} to {most}"),
            };
            let summary = format!("`{}` takes {wanted} arguments, here are {given}", function.name);
            self.report("unsupported-template", summary, None);
        }
        for (index, parameter) in call.params.iter().enumerate() {
            self.parameter(parameter, scopes, function.name == "default" && index == 0);
        }
        for parameter in call.hash.values() {
            self.parameter(parameter, scopes, false);
        }
        if function.name == "secret"
            && let Some(Parameter::Literal(Json::String(name))) = call.params.first()
            && let Err(near) = (self.secrets)(name)
        {
            let help = near.map_or("Declare it under `secrets` in the tenant's file.".to_owned(), |near| {
                format!("Did you mean `{near}`?")
            });
            self.report("undefined-secret", format!("the tenant declares no secret `{name}`"), Some(help));
        }
    }

    fn parameter(&mut self, parameter: &Parameter, scopes: &[Scope<'_>], may_miss: bool) {
        match parameter {
            Parameter::Path(path) if !may_miss => drop(self.value(written(path), scopes)),
            Parameter::Subexpression(inner) => {
                let TemplateElement::Expression(call) = inner.as_element() else { return };
                match name_of(&call.name).map(|name| (name, functions::find(name))) {
                    Some((name, Some(function))) if matches!(function.form, Form::Value | Form::Text) => {
                        let _ = name;
                        self.call(call, function, scopes);
                    }
                    Some((name, Some(_))) => {
                        let help = "A secret or a reference is filled in later; nothing can be done with it here.";
                        let summary = format!("`{name}` cannot be an argument");
                        self.report("unsupported-template", summary, Some(help.to_owned()));
                    }
                    Some((name, None)) if call.params.is_empty() => drop(self.value(name, scopes)),
                    Some((name, None)) => self.unknown_function(name),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// Returns the value of a path, or reports that there is none.
    fn value<'v>(&mut self, path: &str, scopes: &[Scope<'v>]) -> Option<&'v Json> {
        match look_up(path, scopes) {
            Found::Value(value) => Some(value),
            Found::Unknown => None,
            Found::Missing { index, within } => {
                let missing = names(path.trim_start_matches("@root").trim_start_matches("../")).get(index).copied();
                let missing = missing.unwrap_or(path);
                let keys = match within {
                    Some(Json::Object(map)) => map.keys().map(String::as_str).collect(),
                    _ => Vec::new(),
                };
                let help = match nearest(missing, keys.iter().copied()) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => "Add it under `vars` in the tenant's file.".to_owned(),
                };
                self.report("undefined-variable", format!("there is no variable `{path}`"), Some(help));
                None
            }
        }
    }

    fn unknown_function(&mut self, name: &str) {
        let names: Vec<_> = functions::FUNCTIONS.iter().map(|function| function.name).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("There are {}.", names.join(", ")),
        };
        self.report("unknown-function", format!("there is no template function `{name}`"), Some(help));
    }
}

/// Returns the scope of each turn that a block makes over its body; `None` is a turn in the scope around it.
fn turns<'v>(name: &str, subject: Option<&'v Json>, call: &HelperTemplate) -> Vec<Option<Scope<'v>>> {
    use handlebars::template::BlockParam;
    let given = |value: Option<&'v Json>| match &call.block_param {
        Some(BlockParam::Single(Parameter::Name(item))) => vec![(item.clone(), value)],
        Some(BlockParam::Pair((Parameter::Name(item), Parameter::Name(key)))) => {
            vec![(item.clone(), value), (key.clone(), None)]
        }
        _ => Vec::new(),
    };
    let scope = |value: Option<&'v Json>| Some(Scope { value, names: given(value) });
    match (name, subject) {
        ("each", Some(Json::Array(list))) => list.iter().map(|item| scope(Some(item))).collect(),
        ("each", Some(Json::Object(map))) => map.values().map(|value| scope(Some(value))).collect(),
        ("each", Some(_)) => Vec::new(),
        ("with", Some(Json::Null)) => Vec::new(),
        ("each" | "with", subject) => vec![scope(subject)],
        _ => vec![None],
    }
}
