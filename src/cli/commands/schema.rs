//! `tenantry schema`: JSON Schemas of the workspace's files, and of the program's answers.

use serde_json::{Value as Json, json};

use crate::cli::args::{SchemaArgs, SchemaFiles};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::run::Run;
use crate::edge::files::{Readers, create_folder, write_whole};
use crate::pipeline::report::json::VERSION;
use crate::pipeline::schema::subject::Subject;

/// Prints one schema, writes one or all to a folder, or says which there are.
///
/// # Errors
/// If the folder cannot be written to.
pub fn run(args: &SchemaArgs, run: &Run<'_>) -> Result<Exit, Failure> {
    let chosen: Vec<Subject> = match args.files {
        Some(files) => vec![subject(files)],
        None => Subject::ALL.to_vec(),
    };
    let Some(folder) = &args.to else {
        match args.files {
            Some(files) => run.answer_json(&subject(files).document())?,
            None if run.settings.json => run.answer_json(&told(&chosen, &[]))?,
            None => run.terminal.answer(&list(&chosen))?,
        }
        return Ok(Exit::Done);
    };
    let folder = run.world.folder.join(folder);
    create_folder(&folder)?;
    let mut written = Vec::new();
    for subject in &chosen {
        let path = folder.join(subject.file_name());
        write_whole(&path, format!("{}\n", subject.document()).as_bytes(), Readers::Anyone)?;
        written.push(path.display().to_string());
    }
    if run.settings.json {
        run.answer_json(&told(&chosen, &written))?;
    } else {
        let lines = chosen.iter().zip(&written);
        let lines: String = lines.map(|(subject, path)| format!("{path} for {}\n", subject.governs())).collect();
        run.terminal.answer(&lines)?;
    }
    Ok(Exit::Done)
}

fn subject(files: SchemaFiles) -> Subject {
    match files {
        SchemaFiles::Workspace => Subject::Workspace,
        SchemaFiles::Tenant => Subject::Tenant,
        SchemaFiles::Templates => Subject::Templates,
        SchemaFiles::Overlay => Subject::Overlay,
        SchemaFiles::Answers => Subject::Answers,
    }
}

fn list(subjects: &[Subject]) -> String {
    let mut text: String =
        subjects.iter().map(|subject| format!("{:10} {}\n", subject.name(), subject.governs())).collect();
    text.push_str("`tenantry schema NAME` prints one, `tenantry schema --to DIR` writes all.\n");
    text
}

fn told(subjects: &[Subject], written: &[String]) -> Json {
    let one = |(index, subject): (usize, &Subject)| json!({ "name": subject.name(), "files": subject.governs(), "written": written.get(index) });
    let schemas: Vec<Json> = subjects.iter().enumerate().map(one).collect();
    json!({ "format": "tenantry-schemas", "version": VERSION, "schemas": schemas })
}
