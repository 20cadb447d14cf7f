//! What a path in a template means: `name`, `map.key`, `list.0`, `this`, `../name`, `@root.name`, `@index`.

use serde_json::Value as Json;

/// A block that a template is inside of.
#[derive(Debug)]
pub struct Scope<'v> {
    /// What plain names are looked up in; `None` if that is only known while rendering.
    pub value: Option<&'v Json>,
    /// Names that the block gives (`{{#each list as |item|}}`).
    pub names: Vec<(String, Option<&'v Json>)>,
}

/// What was found at a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'v> {
    Value(&'v Json),
    /// Something that only rendering knows.
    Unknown,
    /// The name that is not there, and what it was looked for in.
    Missing {
        index: usize,
        within: Option<&'v Json>,
    },
}

/// Splits a path into its names, without the prefix that chooses the scope.
pub fn names(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (name, behind) = inner.split_once(']').unwrap_or((inner, ""));
            names.push(name);
            rest = behind;
        } else {
            let end = rest.find(['.', '/', '[']).unwrap_or(rest.len());
            if !matches!(&rest[..end], "" | "this") {
                names.push(&rest[..end]);
            }
            rest = &rest[end..];
        }
        rest = rest.strip_prefix(['.', '/']).unwrap_or(rest);
    }
    names
}

/// Looks a path up. The last scope is the innermost, the first holds the variables.
pub fn look_up<'v>(path: &str, scopes: &[Scope<'v>]) -> Found<'v> {
    let mut rest = path.trim();
    let mut depth = scopes.len();
    if let Some(local) = rest.strip_prefix('@') {
        match local.strip_prefix("root") {
            Some(behind) if behind.is_empty() || behind.starts_with(['.', '/']) => {
                depth = 1;
                rest = behind;
            }
            _ => return Found::Unknown,
        }
    }
    let mut climbed = false;
    while let Some(behind) = rest.strip_prefix("..").filter(|behind| behind.is_empty() || behind.starts_with('/')) {
        depth = depth.saturating_sub(1);
        climbed = true;
        rest = behind.strip_prefix('/').unwrap_or(behind);
    }
    let names = names(rest);
    let Some(scope) = depth.checked_sub(1).and_then(|index| scopes.get(index)) else {
        return Found::Missing { index: 0, within: None };
    };
    let given = names.first().filter(|_| !climbed).and_then(|first| {
        let blocks = scopes[..depth].iter().rev();
        blocks.flat_map(|block| &block.names).find(|(name, _)| name == first)
    });
    match given {
        Some((_, value)) => walk(*value, &names, 1),
        None => walk(scope.value, &names, 0),
    }
}

fn walk<'v>(from: Option<&'v Json>, names: &[&str], start: usize) -> Found<'v> {
    let Some(mut value) = from else { return Found::Unknown };
    for (index, name) in names.iter().enumerate().skip(start) {
        let inner = match value {
            Json::Object(map) => map.get(*name),
            Json::Array(list) => name.parse::<usize>().ok().and_then(|index| list.get(index)),
            // A null variable means that there is none; asking for a part of nothing gives nothing.
            Json::Null if index > 0 => return Found::Value(value),
            _ => None,
        };
        match inner {
            Some(inner) => value = inner,
            None => return Found::Missing { index, within: Some(value) },
        }
    }
    Found::Value(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_looked_up_as_handlebars_does() {
        let root = json!({"a": {"b": [10, 20]}, "n": null, "x-y": 1});
        let item = json!({"b": 2});
        let scopes = [
            Scope { value: Some(&root), names: Vec::new() },
            Scope { value: Some(&item), names: vec![("it".to_owned(), Some(&item))] },
        ];
        let found = |path: &str| match look_up(path, &scopes) {
            Found::Value(value) => value.to_string(),
            Found::Unknown => "?".to_owned(),
            Found::Missing { index, .. } => format!("-{index}"),
        };
        for (path, value) in [
            ("b", "2"),
            ("this.b", "2"),
            ("it.b", "2"),
            ("../a.b.1", "20"),
            ("@root.a.b.[0]", "10"),
            ("@index", "?"),
            ("../n.any.thing", "null"),
            ("../a.c", "-1"),
            ("c", "-0"),
            ("../../a", "-0"),
            ("../x-y", "1"),
            ("it", "{\"b\":2}"),
            (".", "{\"b\":2}"),
            ("this", "{\"b\":2}"),
            ("../a/b/0", "10"),
        ] {
            assert_eq!(found(path), value, "{path}");
        }
    }
}
