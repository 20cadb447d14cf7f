//! Flags that may be typed anywhere and mean something to some commands: the help of the others does not show them.

use clap::{Command, CommandFactory as _};

use super::args::Arguments;

/// Flag -> the commands that it means something to.
const MEANT_FOR: [(&str, &[&str]); 3] = [
    ("journal", &["plan", "apply", "drift", "status", "promote", "rollback", "restore", "adopt"]),
    ("lock_wait", &["apply", "promote", "rollback", "restore", "adopt", "release", "release-hold", "sandbox"]),
    (
        "log",
        &[
            "init", "plan", "apply", "drift", "diff", "status", "promote", "rollback", "restore", "backup", "adopt",
            "get", "export",
        ],
    ),
];

/// Returns the command line as clap knows it, with each command's help as long as it needs to be.
pub fn command_line() -> Command {
    let whole = Arguments::command();
    let flags: Vec<_> = whole.get_arguments().cloned().collect();
    whole.mut_subcommands(|command| {
        let is_meant = |commands: &[&str]| commands.contains(&command.get_name());
        let of_others: Vec<&str> =
            MEANT_FOR.iter().filter(|(_, commands)| !is_meant(commands)).map(|(flag, _)| *flag).collect();
        let hidden = flags.iter().filter(|flag| of_others.contains(&flag.get_id().as_str()));
        // What a command has itself is not given to it again.
        let hidden: Vec<_> = hidden.cloned().map(|flag| flag.hide(true)).collect();
        command.args(hidden)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_there() {
        let whole = command_line();
        for (flag, commands) in MEANT_FOR {
            assert!(whole.get_arguments().any(|known| known.get_id() == flag), "{flag}");
            for command in commands {
                assert!(whole.find_subcommand(command).is_some(), "{command}");
            }
        }
        command_line().debug_assert();
    }
}
