//! `docs/kinds.md` is what the catalogue says. To write it anew: `TENANTRY_UPDATE_DOCS=1 cargo test --test it kinds_page`.

use std::fs;
use std::path::Path;

use tenantry::catalogue::table::catalogue;
use tenantry::pipeline::report::reference_page::markdown;

#[test]
fn the_page_of_kinds_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kinds.md");
    let wanted = markdown();
    if std::env::var_os("TENANTRY_UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/kinds.md is not current; TENANTRY_UPDATE_DOCS=1 writes it anew");
    for kind in catalogue().kinds() {
        assert!(found.contains(&format!("\n| `{}` | {} |", kind.name, kind.title)), "no row for {}", kind.name);
    }
}
