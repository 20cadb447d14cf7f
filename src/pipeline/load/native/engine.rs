//! Renders one text with handlebars.

use handlebars::template::{Parameter, TemplateElement};
use handlebars::{
    Context, Handlebars, Output, RenderContext, RenderError, RenderErrorReason, Renderable as _, Template,
    TemplateError,
};
use serde_json::{Map as JsonMap, Value as Json};

use super::audit::{Mistake, mistakes, name_of, written};
use super::functions::{self, Form};
use super::variable::{Found, Scope, look_up};
use crate::pipeline::yaml::TEXT_LIMIT;

/// How deep blocks and brackets of a template may nest: its parser recurses.
const DEPTH: usize = 64;

/// The engine with one tenant's variables.
pub struct Engine {
    registry: Handlebars<'static>,
    context: Context,
    variables: Json,
}

/// What a text became.
#[derive(Debug)]
pub enum Rendered {
    /// Text, in pieces that know where they come from.
    Text(Vec<Piece>),
    /// The text was one expression, whose value keeps its type.
    Value(Json),
}

/// A stretch of rendered text.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// Line and column (from 1) in the template.
    pub from: (usize, usize),
    /// Stands in the template as it stands here.
    pub copied: bool,
}

impl Engine {
    /// Makes the engine for these variables.
    pub fn new(variables: JsonMap<String, Json>) -> Self {
        let variables = Json::Object(variables);
        let context = Context::from(variables.clone());
        Self { registry: functions::registry(), context, variables }
    }

    /// Renders. `secrets` says that a secret is declared, or which name is near.
    ///
    /// # Errors
    /// Everything wrong with the template; then nothing was rendered.
    pub fn render(
        &self,
        text: &str,
        secrets: &dyn Fn(&str) -> Result<(), Option<String>>,
    ) -> Result<Rendered, Vec<Mistake>> {
        if nests_too_deep(text) {
            return Err(vec![broken(1, 1, "the template nests too deep")]);
        }
        let template = Template::compile(text).map_err(|error| vec![syntax(&error)])?;
        if let [TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call)] = &template.elements[..]
            && let (Parameter::Path(path), true) = (&call.name, call.params.is_empty() && call.hash.is_empty())
            && functions::find(written(path)).is_none()
            && let Found::Value(value) =
                look_up(written(path), &[Scope { value: Some(&self.variables), names: Vec::new() }])
        {
            return Ok(Rendered::Value(value.clone()));
        }
        let found = mistakes(&template, &self.variables, secrets);
        if !found.is_empty() {
            return Err(found);
        }
        if let Some(value) = self.value(&template, text) {
            return Ok(Rendered::Value(value));
        }
        self.pieces(&template).map(Rendered::Text)
    }

    /// Returns the value of a template that is one call of a function whose value keeps its type.
    fn value(&self, template: &Template, text: &str) -> Option<Json> {
        let [TemplateElement::Expression(call)] = &template.elements[..] else { return None };
        functions::find(name_of(&call.name)?).filter(|function| function.form == Form::Value)?;
        let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim_matches('~').trim();
        let captured = Template::compile(&format!("{{{{capture ({inner})}}}}")).ok()?;
        let pieces = self.pieces(&captured).ok()?;
        let json: String = pieces.into_iter().map(|piece| piece.text).collect();
        serde_json::from_str(&json).ok()
    }

    fn pieces(&self, template: &Template) -> Result<Vec<Piece>, Vec<Mistake>> {
        let mut context = RenderContext::new(None);
        let mut pieces = Vec::new();
        let mut left = TEXT_LIMIT;
        for (index, element) in template.elements.iter().enumerate() {
            let from = template.mapping.get(index).map_or((1, 1), |mapping| (mapping.0, mapping.1));
            let mut out = Bounded { text: String::new(), left };
            element
                .render(&self.registry, &self.context, &mut context, &mut out)
                .map_err(|error| vec![refused(from, &error)])?;
            left = out.left;
            pieces.push(Piece { text: out.text, from, copied: matches!(element, TemplateElement::RawString(_)) });
        }
        Ok(pieces)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("variables", &self.variables).finish_non_exhaustive()
    }
}

/// Output that ends in an error rather than in all memory used.
struct Bounded {
    text: String,
    left: usize,
}

impl Output for Bounded {
    fn write(&mut self, segment: &str) -> Result<(), std::io::Error> {
        self.left = self.left.checked_sub(segment.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
        self.text.push_str(segment);
        Ok(())
    }
}

fn refused((line, column): (usize, usize), error: &RenderError) -> Mistake {
    match error.reason() {
        RenderErrorReason::IOError(_) => Mistake {
            line,
            column,
            code: "template-too-long",
            summary: format!("the template comes to more than {} MiB", TEXT_LIMIT / 1024 / 1024),
            help: None,
        },
        RenderErrorReason::MissingVariable(Some(name)) => {
            broken(line, column, &format!("`{name}` is not there for every turn of the block"))
        }
        reason => broken(line, column, &reason.to_string()),
    }
}

fn broken(line: usize, column: usize, what: &str) -> Mistake {
    let help = "Write `\\{{` for braces that are not ours.".to_owned();
    Mistake { line, column, code: "template-error", summary: what.to_owned(), help: Some(help) }
}

fn syntax(error: &TemplateError) -> Mistake {
    let (line, column) = error.pos().unwrap_or((1, 1));
    broken(line, column, &format!("this is no template: {}", error.reason()))
}

/// Bounds the recursion of the parser, on the safe side: brackets outside of expressions count too.
fn nests_too_deep(text: &str) -> bool {
    let (mut brackets, mut blocks) = (0usize, 0usize);
    let mut deepest = 0;
    let mut chained = 0;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b'{' if text[index..].starts_with("{{") => {
                let inner = text[index..].trim_start_matches('{').trim_start_matches('~');
                if inner.starts_with(['#', '^']) || text[index..].starts_with("{{{{") {
                    blocks += 1;
                } else if inner.starts_with('/') {
                    blocks = blocks.saturating_sub(1);
                } else if inner.trim_start().starts_with("else") {
                    chained += 1;
                }
            }
            b'{' => brackets += 1,
            b'}' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(brackets / 8).max(blocks);
    }
    deepest > DEPTH || chained > 4 * DEPTH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn engine() -> Engine {
        let variables = json!({
            "company": "Acme & Sons",
            "env": "prod",
            "callbacks": ["https://a/cb", "https://b/cb"],
            "regions": {"eu": {"host": "eu.example"}},
            "sso": null,
            "hours": 24,
            "closed": false,
            "tricky": "x: y\n- {{env}}",
        });
        Engine::new(variables.as_object().cloned().unwrap())
    }

    fn rendered(text: &str) -> String {
        let known = |name: &str| if name == "smtp" { Ok(()) } else { Err(None) };
        match engine().render(text, &known) {
            Ok(Rendered::Text(pieces)) => pieces.into_iter().map(|piece| piece.text).collect(),
            Ok(Rendered::Value(value)) => format!("={value}"),
            Err(mistakes) => {
                let told =
                    |m: &Mistake| format!("{}:{} {} {}", m.line, m.column, m.code, m.help.as_deref().unwrap_or(""));
                mistakes.iter().map(told).collect::<Vec<_>>().join("; ")
            }
        }
    }

    #[test]
    fn one_expression_alone_keeps_its_type() {
        for (text, value) in [
            ("{{callbacks}}", r#"=["https://a/cb","https://b/cb"]"#),
            ("{{{hours}}}", "=24"),
            ("{{ closed }}", "=false"),
            ("{{regions.eu}}", r#"={"host":"eu.example"}"#),
            ("{{eq env 'prod'}}", "=true"),
            ("{{lookup callbacks 1}}", "=\"https://b/cb\""),
            ("{{default nothing callbacks}}", r#"=["https://a/cb","https://b/cb"]"#),
            ("{{default sso 5}}", "=5"),
            ("{{sso}}", "=null"),
            (" {{hours}}", " 24"),
        ] {
            assert_eq!(rendered(text), value, "{text}");
        }
    }

    #[test]
    fn text_is_rendered_without_escapes() {
        for (text, value) in [
            ("{{company}} Web", "Acme & Sons Web"),
            ("a{{#unless (eq env 'prod')}} ({{env}}){{/unless}}", "a"),
            ("{{#each callbacks}}{{@index}}={{this}} {{/each}}", "0=https://a/cb 1=https://b/cb "),
            ("{{#each callbacks as |cb|}}{{cb}}{{../env}};{{/each}}", "https://a/cbprod;https://b/cbprod;"),
            ("{{#with regions.eu}}{{host}}{{/with}}", "eu.example"),
            ("{{#if sso.domain}}x{{else}}y{{/if}}", "y"),
            ("\\{{user.name}} of {{company}}", "{{user.name}} of Acme & Sons"),
            ("{{{{raw}}}} {{user}} {{{{/raw}}}}", "{{user}} "),
            ("{{upper env}} {{lower 'AB'}} {{json callbacks}}", r#"PROD ab ["https://a/cb","https://b/cb"]"#),
            ("{{tricky}}!", "x: y\n- {{env}}!"),
        ] {
            assert_eq!(rendered(text), value, "{text}");
        }
    }

    #[test]
    fn what_strict_mode_lets_through_is_told() {
        for (text, mistake) in [
            ("a {{compny}}", "1:3 undefined-variable Did you mean `company`?"),
            ("{{nowhere}}", "1:1 undefined-variable Add it under `vars` in the tenant's file."),
            ("x\n {{#if clsed}}y{{/if}}", "2:2 undefined-variable Did you mean `closed`?"),
            ("{{#if regions.ue}}y{{/if}}", "1:1 undefined-variable Did you mean `eu`?"),
            ("a {{callbacks}}", "1:3 not-text Make `{{callbacks}}` the whole value, or write `{{json callbacks}}`."),
            ("{{> partial}}", "1:1 unsupported-template Write the text out, or put it into a variable."),
            ("{{uper env}}", "1:1 unknown-function Did you mean `upper`?"),
            (
                "{{#each callbacks}}{{nme}}{{/each}}",
                "1:20 undefined-variable Add it under `vars` in the tenant's file.",
            ),
            ("{{secret 'smpt'}}", "1:1 undefined-secret Declare it under `secrets` in the tenant's file."),
            (
                "{{upper (secret 'smtp')}}",
                "1:1 unsupported-template A secret or a reference is filled in later; nothing can be done with it here.",
            ),
            ("{{secret}}", "1:1 unsupported-template "),
            ("{{eq env}}", "1:1 unsupported-template "),
        ] {
            assert_eq!(rendered(text), mistake, "{text}");
        }
        assert!(rendered("{{#if env}}").contains("template-error"));
        assert!(rendered("a\n{{ 'x").contains("template-error"));
    }

    #[test]
    fn a_template_cannot_run_away() {
        let list: Vec<u32> = (0..1000).collect();
        let engine = Engine::new(json!({ "l": list }).as_object().cloned().unwrap());
        let loops = "{{#each ../l}}".repeat(5);
        let text = format!("{{{{#each l}}}}{loops}x{}{{{{/each}}}}", "{{/each}}".repeat(5));
        let start = std::time::Instant::now();
        let mistakes = engine.render(&text, &|_| Ok(())).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.code == "template-too-long"), "{mistakes:?}");
        for bomb in [
            "{{#if a}}".repeat(100_000),
            "{{a (".repeat(50_000),
            "{{a ".to_owned() + &"(".repeat(100_000),
            "{{a {\"x\":".repeat(10_000),
            "{{#if l}}a{{else if l}}".repeat(1000),
        ] {
            assert!(engine.render(&bomb, &|_| Ok(())).is_err());
        }
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn what_is_allowed_to_nest_does_not_overflow() {
        let engine = engine();
        let calls = format!("{{{{a {}env{}}}}}", "(not ".repeat(500), ")".repeat(500));
        let blocks = format!("{}x{}", "{{#if env}}".repeat(60), "{{/if}}".repeat(60));
        let maps = format!("{{{{json {}1{}}}}}", "{\"x\":".repeat(500), "}".repeat(500));
        let lists = format!("{{{{json {}1{}}}}}", "[".repeat(500), "]".repeat(500));
        let chain = format!("{{{{#if sso}}}}a{}{{{{/if}}}}", "{{else if sso}}a".repeat(200));
        for text in [calls, blocks, maps, lists, chain] {
            let _ = engine.render(&text, &|_| Ok(()));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-a-c#/{}()|\"'~>^ .@!=\\\\\n]{0,40}") {
            let _ = engine().render(&text, &|_| Err(None));
        }

        #[test]
        fn a_value_is_never_rendered_again(value in "\\PC{0,30}") {
            let engine = Engine::new(json!({ "v": value }).as_object().cloned().unwrap());
            let Ok(Rendered::Text(pieces)) = engine.render("<{{v}}>", &|_| Ok(())) else { panic!("not text") };
            let text: String = pieces.into_iter().map(|piece| piece.text).collect();
            prop_assert_eq!(text, format!("<{value}>"));
        }
    }
}
