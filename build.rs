//! Lists `src/catalogue/kinds/*.toml` and `src/catalogue/unmanaged/*.toml`, so that a new kind is one new file.
#![expect(clippy::disallowed_methods, reason = "a build script is not the program")]

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let catalogue = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("src/catalogue");
    let mut code = String::new();
    for (name, folder) in [("KIND_FILES", "kinds"), ("UNMANAGED_FILES", "unmanaged")] {
        list(&mut code, name, &catalogue.join(folder))?;
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("kinds.rs"), code)?;
    Ok(())
}

fn list(code: &mut String, name: &str, folder: &Path) -> anyhow::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("the kind files in {}", folder.display()))?
        .collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    writeln!(code, "/// Every file of this folder: its name and its text.\npub const {name}: &[(&str, &str)] = &[")?;
    for file in files.iter().filter(|file| file.path().extension().is_some_and(|e| e == "toml")) {
        println!("cargo:rerun-if-changed={}", file.path().display());
        writeln!(code, "    ({:?}, include_str!({:?})),", file.file_name(), file.path())?;
    }
    code.push_str("];\n");
    Ok(())
}
