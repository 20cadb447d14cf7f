//! Which call does what: derived from the kinds' shapes, paths and verbs. Knows nothing of any one kind.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use serde_json::Value as Json;

use super::refusal::Refusal;
use crate::api::request::Method;
use crate::catalogue::kind::{Kind, Verb};
use crate::catalogue::quirk::Quirk;
use crate::catalogue::server::Act;
use crate::catalogue::shape::Shape;
use crate::catalogue::table::catalogue;

/// What a call does.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    List,
    Create,
    Read,
    Update,
    Delete,
    /// Finds one object by this field.
    Lookup(String),
    Deploy,
    Publish,
    ListVersions,
    ReadVersion,
    ReadDocument,
    /// `PATCH` merges, `PUT` replaces.
    WriteDocument,
    CreateDocument,
    DeleteDocument,
    ListDocuments,
    ListMembers,
    AddMembers,
    ChangeMembers,
    RemoveMembers,
    ReadMember,
    ChangeMember,
    RemoveMember,
    /// A list under this name that the sandbox never fills.
    EmptyList(String),
    Fixed(&'static Json),
    /// This field, as a create would fill it.
    Defaults(String),
    /// The objects that hold the one of the path as a member.
    ListHolders,
    /// Makes the objects that the body names hold the one of the path as a member, or not any more.
    WriteHolders,
    ReadDefault,
    ChooseDefault,
    ListKeys,
    MakeKeys,
    RotateKeys,
    DestroyKey,
    Rekey,
    WrappingKey,
    ImportKey,
    Act(&'static Act),
    /// Lists what all parents hold, under this name.
    ListEverywhere(String),
    ListEvents,
    ReadEvent,
}

/// One call that the tenant answers.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    pub template: String,
    pub op: Op,
    /// The first of the kinds that share it, in the catalogue's order.
    kind: &'static Kind,
    /// The others; an object's own is the one whose filter fits.
    others: Vec<&'static Kind>,
    /// Reached by the path that older clients know; its answers are theirs too.
    pub older: bool,
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq)]
enum Segment {
    Text(String),
    Brace(String),
}

/// A route, and what stood in its braces, decoded.
#[derive(Debug)]
pub struct Found {
    pub route: &'static Route,
    pub params: BTreeMap<String, String>,
}

static ROUTES: LazyLock<HashMap<(Method, usize), Vec<Route>>> = LazyLock::new(table);

/// Finds the route of a call. Literal segments go before braces.
pub fn find(method: Method, path: &str) -> Result<Found, Refusal> {
    let given: Vec<&str> = path.split('/').skip(1).collect();
    let routes = ROUTES.get(&(method, given.len())).ok_or_else(Refusal::no_route)?;
    let route = routes.iter().find(|route| route.fits(&given)).ok_or_else(Refusal::no_route)?;
    Ok(Found { route, params: params(&route.segments, &given) })
}

/// Returns what stands in a template's braces, if the path is of that template. The path holds no encoding.
pub fn keys_of(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let segments = segments(template);
    let given: Vec<&str> = path.split('/').skip(1).collect();
    let fits = segments.len() == given.len() && segments.iter().zip(&given).all(|(segment, text)| segment.fits(text));
    fits.then(|| {
        let braces = segments.iter().zip(&given).filter_map(|(segment, text)| match segment {
            Segment::Brace(name) => Some((name.clone(), (*text).to_owned())),
            Segment::Text(_) => None,
        });
        braces.collect()
    })
}

/// Fills a template's braces as they are, without encoding: the names of what the store holds.
pub fn filled(template: &str, params: &BTreeMap<String, String>) -> String {
    let mut path = String::new();
    for segment in segments(template) {
        path.push('/');
        match segment {
            Segment::Text(text) => path.push_str(&text),
            Segment::Brace(name) => path.push_str(params.get(&name).map(String::as_str).unwrap_or_default()),
        }
    }
    path
}

impl Found {
    pub fn fill(&self, template: &str) -> String {
        filled(template, &self.params)
    }

    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Returns the kind that an object of this path is of.
    pub fn kind_of(&self, object: &Json) -> &'static Kind {
        let mut kinds = self.kinds();
        let fits = |kind: &&'static Kind| {
            kind.filter.as_ref().is_none_or(|filter| filter.fits(super::spot::get(object, &filter.field)))
        };
        kinds.find(fits).unwrap_or(self.route.kind)
    }

    /// Returns every kind of the path.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> {
        std::iter::once(self.route.kind).chain(self.route.others.iter().copied())
    }

    /// Returns the first kind of the path, for what all of them have in common.
    pub fn kind(&self) -> &'static Kind {
        self.kind_of(&Json::Null)
    }
}

impl Route {
    fn fits(&self, given: &[&str]) -> bool {
        self.segments.iter().zip(given).all(|(segment, text)| segment.fits(text))
    }

    fn braces(&self) -> usize {
        self.segments.iter().filter(|segment| matches!(segment, Segment::Brace(_))).count()
    }
}

impl Segment {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Text(own) => own == text,
            Self::Brace(_) => !text.is_empty(),
        }
    }
}

fn segments(template: &str) -> Vec<Segment> {
    let segment = |text: &str| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => Segment::Brace(name.to_owned()),
        None => Segment::Text(text.to_owned()),
    };
    template.split('/').skip(1).map(segment).collect()
}

fn params(segments: &[Segment], given: &[&str]) -> BTreeMap<String, String> {
    let mut params = BTreeMap::new();
    for (segment, text) in segments.iter().zip(given) {
        if let Segment::Brace(name) = segment {
            params.insert(name.clone(), percent_decode_str(text).decode_utf8_lossy().into_owned());
        }
    }
    params
}

#[derive(Default)]
struct Table(HashMap<(Method, usize), Vec<Route>>);

fn table() -> HashMap<(Method, usize), Vec<Route>> {
    let mut table = Table::default();
    for kind in catalogue().served() {
        match kind.shape {
            Shape::Collection | Shape::Child => table.objects(kind),
            // Which object is the default is answered where the objects are (quirk `one_is_default`).
            Shape::Singleton | Shape::OptionalSingleton if kind.marked.is_some() => {}
            // One key of a ring that is answered as a whole (quirk `key_ring`).
            Shape::OptionalSingleton if kind.has(Quirk::KeyCeremony) => {}
            Shape::Singleton | Shape::OptionalSingleton => table.one(kind),
            Shape::Keyed => table.keyed(kind),
            Shape::Membership => table.members(kind),
        }
        for (path, field) in &kind.server.lookups {
            table.add(Method::Get, path, Op::Lookup(field.clone()), kind);
        }
        for (path, items) in &kind.server.empty_lists {
            table.add(Method::Get, path, Op::EmptyList(items.clone()), kind);
        }
        for (path, body) in &kind.server.fixed {
            table.add(Method::Get, path, Op::Fixed(body), kind);
        }
        for (path, fields) in &kind.server.default_lists {
            table.add(Method::Get, path, Op::Defaults(fields.clone()), kind);
        }
        for act in &kind.server.acts {
            table.add(act.verb.into(), &format!("{}{}", kind.object_path(), act.path), Op::Act(act), kind);
        }
        if let Some(everywhere) = &kind.server.everywhere {
            table.put(Method::Get, &everywhere.path, Op::ListEverywhere(everywhere.items.clone()), kind, false);
        }
    }
    for routes in table.0.values_mut() {
        routes.sort_by_key(Route::braces);
    }
    table.0
}

impl Table {
    /// Adds a call, and the older path to it where the kind has one.
    fn add(&mut self, method: Method, template: &str, op: Op, kind: &'static Kind) {
        if let Some(older) = &kind.server.older
            && let Some(rest) = template.strip_prefix(&kind.path)
        {
            self.put(method, &format!("{}{rest}", older.path), op.clone(), kind, true);
        }
        self.put(method, template, op, kind, false);
    }

    /// Adds a call; a kind that says the same of the same path joins the one before.
    fn put(&mut self, method: Method, template: &str, op: Op, kind: &'static Kind, older: bool) {
        let segments = segments(template);
        let routes = self.0.entry((method, segments.len())).or_default();
        let same = |a: &Segment, b: &Segment| match (a, b) {
            (Segment::Text(a), Segment::Text(b)) => a == b,
            (Segment::Brace(_), Segment::Brace(_)) => true,
            _ => false,
        };
        let twin = routes.iter_mut().find(|route| route.segments.iter().zip(&segments).all(|(a, b)| same(a, b)));
        match twin {
            Some(route) if route.op == op => route.others.push(kind),
            Some(_) => {}
            None => {
                let (template, others) = (template.to_owned(), Vec::new());
                routes.push(Route { method, template, op, kind, others, older, segments });
            }
        }
    }

    fn add_verb(&mut self, verb: Option<Verb>, template: &str, op: Op, kind: &'static Kind) {
        if let Some(verb) = verb {
            self.add(verb.into(), template, op, kind);
        }
    }

    fn objects(&mut self, kind: &'static Kind) {
        let object = kind.object_path();
        if kind.has(Quirk::EventLog) {
            self.add(Method::Get, &kind.path, Op::ListEvents, kind);
            self.add(Method::Get, &object, Op::ReadEvent, kind);
            return;
        }
        if kind.list.is_some() {
            self.add(Method::Get, &kind.path, Op::List, kind);
        }
        self.add_verb(kind.verbs.create, kind.create_path(), Op::Create, kind);
        if kind.verbs.read {
            self.add(Method::Get, &object, Op::Read, kind);
        }
        self.add_verb(kind.verbs.update, &object, Op::Update, kind);
        if kind.server.put {
            self.add(Method::Put, &object, Op::Update, kind);
        }
        if kind.has(Quirk::OneIsDefault) {
            self.add(Method::Get, &format!("{}/default", kind.path), Op::ReadDefault, kind);
            self.add(Method::Patch, &format!("{}/default", kind.path), Op::ChooseDefault, kind);
        }
        if kind.has(Quirk::KeyRing) {
            self.add(Method::Delete, &object, Op::DestroyKey, kind);
            self.add(Method::Post, &format!("{}/rekey", kind.path), Op::Rekey, kind);
            self.add(Method::Post, &format!("{object}/wrapping-key"), Op::WrappingKey, kind);
            self.add(Method::Post, &object, Op::ImportKey, kind);
        }
        if kind.verbs.delete {
            self.add(Method::Delete, &object, Op::Delete, kind);
        }
        if kind.has(Quirk::BuildThenDeploy) {
            self.add(Method::Post, &format!("{object}/deploy"), Op::Deploy, kind);
        }
        if kind.has(Quirk::PublishVersion) {
            self.add(Method::Post, &format!("{object}/versions"), Op::Publish, kind);
        }
        if kind.has(Quirk::BuildThenDeploy) || kind.has(Quirk::PublishVersion) {
            self.add(Method::Get, &format!("{object}/versions"), Op::ListVersions, kind);
            self.add(Method::Get, &format!("{object}/versions/{{version}}"), Op::ReadVersion, kind);
        }
    }

    fn one(&mut self, kind: &'static Kind) {
        let object = kind.object_path();
        if kind.has(Quirk::KeySuccession) {
            self.add(Method::Get, &kind.path, Op::ListKeys, kind);
            self.add_verb(kind.verbs.create, kind.create_path(), Op::MakeKeys, kind);
            return self.add_verb(kind.verbs.update, &object, Op::RotateKeys, kind);
        }
        if kind.verbs.read {
            self.add(Method::Get, &kind.path, Op::ReadDocument, kind);
        }
        // A `PUT` makes and replaces alike.
        if kind.verbs.create != Some(Verb::Put) {
            self.add_verb(kind.verbs.create, kind.create_path(), Op::CreateDocument, kind);
        }
        self.add_verb(kind.verbs.update, &object, Op::WriteDocument, kind);
        if kind.verbs.delete {
            self.add(Method::Delete, &object, Op::DeleteDocument, kind);
        }
    }

    fn keyed(&mut self, kind: &'static Kind) {
        let object = kind.object_path();
        if kind.list.is_some() {
            self.add(Method::Get, &kind.path, Op::ListDocuments, kind);
        }
        let own = |path: &str| {
            segments(path).iter().all(|segment| match segment {
                Segment::Brace(name) => kind.identity.contains(name),
                Segment::Text(_) => true,
            })
        };
        // A key that lies inside another kind's object, or on an object of another kind, is that kind's to answer.
        let mut paths: Vec<&str> = kind
            .key_paths
            .values()
            .filter(|key| key.inside.is_none() && own(&key.path))
            .map(|key| key.path.as_str())
            .collect();
        if kind.key_paths.is_empty() || (object.contains('{') && own(&object)) {
            paths.push(&object);
        }
        for path in paths {
            let unread = kind.key_paths.values().any(|own| own.unread && own.path == path);
            if kind.verbs.read && !unread {
                self.add(Method::Get, path, Op::ReadDocument, kind);
            }
            self.add_verb(kind.verbs.update, path, Op::WriteDocument, kind);
            if kind.server.put {
                self.add(Method::Put, path, Op::WriteDocument, kind);
            }
            if kind.server.patch {
                self.add(Method::Patch, path, Op::WriteDocument, kind);
            }
            if kind.verbs.delete {
                self.add(Method::Delete, path, Op::DeleteDocument, kind);
            }
        }
        match kind.verbs.create {
            Some(Verb::Post) => self.add(Method::Post, kind.create_path(), Op::CreateDocument, kind),
            verb => self.add_verb(verb, &object, Op::WriteDocument, kind),
        }
    }

    fn members(&mut self, kind: &'static Kind) {
        use crate::catalogue::kind::MemberStyle;
        let Some(membership) = &kind.membership else { return };
        if kind.server.holders.is_some() {
            self.add(Method::Get, &kind.path, Op::ListHolders, kind);
            self.add_verb(kind.verbs.create, &kind.path, Op::WriteHolders, kind);
            if kind.verbs.delete {
                self.add(Method::Delete, &kind.path, Op::WriteHolders, kind);
            }
            return;
        }
        if kind.list.is_some() {
            self.add(Method::Get, &kind.path, Op::ListMembers, kind);
        }
        self.add_verb(kind.verbs.create, &kind.path, Op::AddMembers, kind);
        match membership.style {
            MemberStyle::Status | MemberStyle::Replace | MemberStyle::NameValue => {
                self.add_verb(kind.verbs.update, &kind.path, Op::ChangeMembers, kind);
            }
            MemberStyle::AddRemove | MemberStyle::Each => {}
        }
        if kind.verbs.delete && membership.style != MemberStyle::Each {
            self.add(Method::Delete, &kind.path, Op::RemoveMembers, kind);
        }
        if let Some(path) = &membership.member_path {
            self.add(Method::Get, path, Op::ReadMember, kind);
            self.add_verb(kind.verbs.update, path, Op::ChangeMember, kind);
            if kind.verbs.delete && membership.style == MemberStyle::Each {
                self.add(Method::Delete, path, Op::RemoveMember, kind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_go_before_braces_and_params_are_decoded() {
        let found = find(Method::Get, "/roles/rol%7Ca/permissions").unwrap();
        assert_eq!(found.route.op, Op::ListMembers);
        assert_eq!(found.param("parent"), "rol|a");
        assert!(find(Method::Get, "/nothing/here").is_err());
        assert!(find(Method::Delete, "/tenants/settings").is_err());
    }

    #[test]
    fn kinds_of_one_path_are_told_apart_by_their_filter() {
        let found = find(Method::Patch, "/attack-protection/captcha").unwrap();
        assert_eq!(found.route.op, Op::WriteDocument);
        let keys = keys_of("/prompts/{prompt}/custom-text/{language}", "/prompts/login/custom-text/en").unwrap();
        assert_eq!(keys.get("language").map(String::as_str), Some("en"));
    }
}
