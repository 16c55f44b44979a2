//! What stands below the help of commands: examples, for those that do not bring their own.

use clap::Command;

/// By the way to the command.
const EXAMPLES: [(&str, &str); 19] = [
    (
        "",
        "darkroom run photo.jpg\ndarkroom run holidays/ --network staging --identity alice\ndarkroom ls\n\
         darkroom doctor",
    ),
    ("ls", "darkroom ls\ndarkroom ls --json | jq -r .item"),
    ("rm", "darkroom rm cbonwy6wynhnhbqe"),
    ("verify", "darkroom verify cbonwy6wynhnhbqe"),
    ("processors", "darkroom processors\ndarkroom processors --json | jq .params"),
    ("config", "darkroom config check darkroom.toml"),
    ("config check", "darkroom config check darkroom.toml"),
    ("config candid", "darkroom config candid darkroom.toml > init.did"),
    (
        "deploy",
        "darkroom deploy --config darkroom.toml --gallery\ndarkroom deploy --network ic --canister CANISTER\n\
         darkroom deploy --network staging --canister darkroom",
    ),
    ("upgrade", "darkroom upgrade --dry-run\ndarkroom upgrade --network ic --canister darkroom"),
    ("status", "darkroom status\ndarkroom status --network ic --canister darkroom"),
    ("doctor", "darkroom doctor\ndarkroom doctor --network ic --json"),
    ("open", "darkroom open cbonwy6wynhnhbqe preview --browser"),
    ("completions", "darkroom completions bash > ~/.local/share/bash-completion/completions/darkroom"),
    ("man", "darkroom man | man -l -\ndarkroom man -o ~/.local/share/man/man1"),
    ("localnet", "darkroom localnet start --port 8088"),
    ("localnet start", "darkroom localnet start\ndarkroom localnet start --port 0 --round-ms 1000"),
    ("localnet stop", "darkroom localnet stop"),
    ("localnet status", "darkroom localnet status"),
];

/// Adds them to a command and all that are below it.
pub(crate) fn add(command: Command) -> Command {
    add_to(command, "")
}

fn add_to(mut command: Command, way: &str) -> Command {
    let names: Vec<_> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let below = format!("{way} {name}").trim_start().to_owned();
        command = command.mut_subcommand(&name, |sub| add_to(sub, &below));
    }
    let Some((_, lines)) = EXAMPLES.iter().find(|(of, _)| *of == way) else { return command };
    let word = if lines.contains('\n') { "Examples" } else { "Example" };
    let examples = format!("{word}:\n  {}", lines.replace('\n', "\n  "));
    let own = command.get_after_help().map(ToString::to_string);
    command.after_help(match own {
        Some(own) if own.contains("Example") => own,
        Some(own) => format!("{examples}\n\n{own}"),
        None => examples,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a command and all below it; `help` is clap's own.
    fn check(command: &Command, way: &str) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example") && help.contains("darkroom "), "`{way}` has no example: {help}");
        for sub in command.get_subcommands() {
            check(sub, &format!("{way} {}", sub.get_name()));
        }
    }

    #[test]
    fn every_command_has_examples_that_it_understands() {
        let command = crate::args::command(&crate::settings::Settings::default());
        check(&command, "darkroom");
        for (way, lines) in EXAMPLES {
            for line in lines.lines() {
                let line = line.split(['|', '>']).next().unwrap();
                let parsed = command.clone().try_get_matches_from(line.split_whitespace());
                assert!(parsed.is_ok(), "{way}: {line}: {}", parsed.unwrap_err());
            }
        }
    }
}
