//! The functions that templates may call. A small set: what needs more belongs into the variables.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonRender as _, Output, RenderContext, RenderError,
    RenderErrorReason, ScopedJson,
};
use serde_json::Value as Json;

use super::token;

/// How a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    pub name: &'static str,
    /// The fewest and the most arguments.
    pub least: usize,
    pub most: usize,
    pub form: Form,
}

/// Where a function may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `{{#name ..}} .. {{/name}}`
    Block,
    /// `{{name ..}}` or `(name ..)`, gives a value that keeps its type.
    Value,
    /// The same, gives text.
    Text,
    /// Only `{{name ..}}`: what it stands for must not be looked at.
    Alone,
}

const fn function(name: &'static str, least: usize, most: usize, form: Form) -> Function {
    Function { name, least, most, form }
}

/// All of them.
pub const FUNCTIONS: [Function; 23] = [
    function("and", 1, 9, Form::Value),
    function("capture", 1, 1, Form::Text),
    function("default", 2, 2, Form::Value),
    function("each", 1, 1, Form::Block),
    function("eq", 2, 2, Form::Value),
    function("gt", 2, 2, Form::Value),
    function("gte", 2, 2, Form::Value),
    function("if", 1, 1, Form::Block),
    function("json", 1, 1, Form::Text),
    function("len", 1, 1, Form::Value),
    function("lookup", 2, 2, Form::Value),
    function("lower", 1, 1, Form::Text),
    function("lt", 2, 2, Form::Value),
    function("lte", 2, 2, Form::Value),
    function("ne", 2, 2, Form::Value),
    function("not", 1, 1, Form::Value),
    function("or", 1, 9, Form::Value),
    function("raw", 0, 0, Form::Block),
    function("ref", 1, 2, Form::Alone),
    function("secret", 1, 1, Form::Alone),
    function("unless", 1, 1, Form::Block),
    function("upper", 1, 1, Form::Text),
    function("with", 1, 1, Form::Block),
];

/// Returns the function of a name.
pub fn find(name: &str) -> Option<Function> {
    FUNCTIONS.into_iter().find(|function| function.name == name)
}

/// Says whether a name is a function's, so that no variable may have it.
pub fn is_function(name: &str) -> bool {
    find(name).is_some() || name == "log"
}

/// Makes the engine: nothing is escaped, unknown names are errors.
pub fn registry() -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.register_escape_fn(handlebars::no_escape);
    registry.set_strict_mode(true);
    registry.unregister_helper("log");
    registry.register_helper("default", Box::new(Default));
    registry.register_helper("json", Box::new(Text(|value| value.to_string())));
    registry.register_helper("capture", Box::new(Text(|value| value.to_string())));
    registry.register_helper("upper", Box::new(Text(|value| value.render().to_uppercase())));
    registry.register_helper("lower", Box::new(Text(|value| value.render().to_lowercase())));
    registry.register_helper("secret", Box::new(secret));
    registry.register_helper("ref", Box::new(reference));
    registry
}

/// A function of one value that gives text.
struct Text(fn(&Json) -> String);

impl HelperDef for Text {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let value = helper.param(0).filter(|param| !param.is_value_missing()).ok_or_else(missing)?;
        Ok(ScopedJson::Derived(Json::String((self.0)(value.value()))))
    }
}

/// Its second argument where the first is missing or null.
struct Default;

impl HelperDef for Default {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let given = helper.param(0).filter(|param| !param.is_value_missing() && !param.value().is_null());
        let value = given.or_else(|| helper.param(1).filter(|param| !param.is_value_missing())).ok_or_else(missing)?;
        Ok(ScopedJson::Derived(value.value().clone()))
    }
}

fn missing() -> RenderError {
    RenderErrorReason::MissingVariable(None).into()
}

fn argument<'h>(helper: &'h Helper<'_>, index: usize) -> Option<&'h str> {
    helper.param(index).and_then(|param| param.value().as_str())
}

fn secret(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(&token::secret(argument(helper, 0).ok_or_else(missing)?))?;
    Ok(())
}

fn reference(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let address = argument(helper, 0).ok_or_else(missing)?;
    out.write(&token::reference(address, argument(helper, 1).unwrap_or("id")))?;
    Ok(())
}
