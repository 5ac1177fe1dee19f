//! The private root of a run: what a driver's `[root]` table asks for, made where the relay starts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::contract::root::{ALWAYS_OWN, Inside, Owner, RootTable};
use super::error::RelayError;
use crate::lab::RunDir;

/// Makes it, and becomes the driver's command.
const SCRIPT: &str = include_str!("root.sh");

/// The script and its plan, in the run's directory.
const SCRIPT_NAME: &str = "waxseal/root.sh";
const PLAN_NAME: &str = "waxseal/root.plan";

/// Writes what makes the root ready; gives the words that stand before those of the start command.
///
/// # Errors
/// - [`RelayError::Mistake`]: the installed product has no such user, another number for it, or a link
///   where a directory is to be.
/// - [`RelayError::Lab`]: a file of the run.
pub(super) fn prepare(
    table: &RootTable,
    root: &Path,
    run: &RunDir,
) -> Result<Vec<String>, RelayError> {
    let plan = plan(table, root)?;
    let script = run.write_program(SCRIPT_NAME, SCRIPT.as_bytes())?;
    let plan = run.write_private(PLAN_NAME, plan.as_bytes())?;
    let file = table.source.path.to_string_lossy();
    let words = ["/bin/sh".into(), script.to_string_lossy(), plan.to_string_lossy(), file];
    Ok(words.into_iter().map(Into::into).collect())
}

/// A line for each step: the number of its line in the table, what is done, and to what.
fn plan(table: &RootTable, root: &Path) -> Result<String, RelayError> {
    let accounts = Accounts::of(table, root)?;
    let source = &table.source;
    let mut plan = String::new();
    for (at, name, number) in table.users() {
        plan += &format!("{} user {name} {number}\n", source.line(at));
    }
    if let Some(keys) = &table.keys {
        let at = keys.span().start;
        let owner = accounts.owner(Some(keys.get_ref())).map_err(|why| source.mistake(at, why))?;
        plan += &format!("{} keys {owner}\n", source.line(at));
    }
    let mut directories: BTreeMap<&Inside, _> = BTreeMap::new();
    for own in &table.own {
        let at = own.span().start;
        let own = own.get_ref();
        let owner = accounts.owner(own.owner.as_ref()).map_err(|why| source.mistake(at, why))?;
        for path in &own.paths {
            leads_to_a_directory(root, path).map_err(|why| source.mistake(at, why))?;
            directories.insert(path, (at, owner.clone(), own.mode.as_str()));
        }
    }
    // A directory comes before those below it.
    let mut made: Vec<&str> = ALWAYS_OWN.into();
    for (path, (at, owner, mode)) in directories {
        let step = if made.iter().any(|own| path.is_in(own)) { "make" } else { "own" };
        made.push(path.as_str());
        plan += &format!("{} {step} {} {mode} {owner}\n", source.line(at), path.as_str());
    }
    for log in &table.log {
        let at = log.span().start;
        no_link(root, log.get_ref()).map_err(|why| source.mistake(at, why))?;
        plan += &format!("{} log {}\n", source.line(at), log.get_ref().as_str());
    }
    Ok(plan)
}

/// Where a file is, no directory can be made.
fn leads_to_a_directory(root: &Path, path: &Inside) -> Result<(), String> {
    no_link(root, path)?;
    let file = root.join(path.as_str()).ancestors().any(|at| at.starts_with(root) && at.is_file());
    match file {
        false => Ok(()),
        true => Err(format!(
            "`{}` is, or is below, a file of the installed product; name a directory",
            path.as_str()
        )),
    }
}

/// A mount through a link would be made outside of the root.
fn no_link(root: &Path, path: &Inside) -> Result<(), String> {
    let mut at = root.to_owned();
    for part in Path::new(path.as_str()) {
        at.push(part);
        if let Ok(target) = fs::read_link(&at) {
            let link = at.strip_prefix(root).unwrap_or(&at).display();
            let target = target.display();
            let path = path.as_str();
            return Err(format!(
                "`{path}` leads through /{link}, a link to {target} in the installed product; name \
                 the directory that it leads to"
            ));
        }
    }
    Ok(())
}

/// Numbers of users and groups: those of the installed product, and those of the table.
struct Accounts {
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
}

impl Accounts {
    fn of(table: &RootTable, root: &Path) -> Result<Self, RelayError> {
        let mut found = Self { users: numbers(root, "passwd"), groups: numbers(root, "group") };
        for (at, name, number) in table.users() {
            for (kind, known) in [("user", &mut found.users), ("group", &mut found.groups)] {
                let before = *known.entry(name.to_owned()).or_insert(number);
                if before != number {
                    return Err(table.source.mistake(
                        at,
                        format!(
                            "the {kind} `{name}` is {number} here and {before} in the installed \
                             product; write {before}, or remove {} and install it again",
                            root.display()
                        ),
                    ));
                }
            }
        }
        Ok(found)
    }

    /// `UID:GID`.
    fn owner(&self, owner: Option<&Owner>) -> Result<String, String> {
        let Some(Owner { user, group }) = owner else { return Ok("0:0".into()) };
        let group = group.as_ref().unwrap_or(user);
        let missing = |kind, name| {
            format!(
                "the installed product has no {kind} `{name}`; write its name as in etc/passwd or \
                 etc/group there, or give it a number in `users`"
            )
        };
        let uid = self.users.get(user).ok_or_else(|| missing("user", user))?;
        let gid = self.groups.get(group).ok_or_else(|| missing("group", group))?;
        Ok(format!("{uid}:{gid}"))
    }
}

/// Names and numbers of a file such as passwd(5); none where there is no such file.
fn numbers(root: &Path, file: &str) -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root.join("etc").join(file)).unwrap_or_default();
    let entry = |line: &str| {
        let mut fields = line.split(':');
        Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}

/// Adds the users to a root that is being installed.
///
/// # Errors
/// What the system says.
pub(super) fn add_users(table: &RootTable, root: &Path) -> std::io::Result<()> {
    for (file, more) in [("passwd", "::/nonexistent:/usr/sbin/nologin"), ("group", ":")] {
        let known = numbers(root, file);
        let path = root.join("etc").join(file);
        let mut text = fs::read_to_string(&path).unwrap_or_default();
        for (_, name, number) in table.users() {
            if known.contains_key(name) {
                continue;
            }
            text += &match file {
                "passwd" => format!("{name}:x:{number}:{number}{more}\n"),
                _ => format!("{name}:x:{number}{more}\n"),
            };
        }
        fs::create_dir_all(root.join("etc"))?;
        fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::contract::Contract;
    use super::*;
    use crate::lab::Afterwards;

    /// What the table becomes with an installed product that has one user, and a link.
    fn planned(table: &str) -> Result<String, String> {
        let root = RunDir::create(Afterwards::Remove, None).unwrap();
        root.write_private("etc/passwd", b"root:x:0:0::/:\nmail:x:8:8::/:\n").unwrap();
        root.write_private("etc/group", b"root:x:0:\nmail:x:12:\n").unwrap();
        root.write_private("var/x", b"").unwrap();
        symlink("/run", root.path().join("var/run")).unwrap();
        let toml = format!(
            "name = 'x'\ndirections = []\nconnectors = []\n[process]\ncommand = ['x']\n\
             [install]\ncommand = ['x']\n[root]\n{table}"
        );
        let contract = Contract::parse(Path::new("relay.toml"), &toml).unwrap();
        plan(&contract.root.unwrap(), root.path())
            .map_err(|error| error.to_string().replace(&*root.path().to_string_lossy(), "ROOT"))
    }

    #[test]
    fn a_plan_has_a_step_for_each_thing_and_parents_come_first() {
        let table = "users = { daemon = 71 }\n\
            own = [\n{ paths = ['var/q/in', 'run/q'], owner = 'daemon:mail', mode = '1730' },\n\
            { paths = ['var/q'] } ]\nkeys = 'mail'\nlog = ['var/log/x/main']\n";
        assert_eq!(
            planned(table).unwrap(),
            "9 user daemon 71\n13 keys 8:12\n11 make run/q 1730 71:12\n12 own var/q 755 0:0\n\
             11 make var/q/in 1730 71:12\n14 log var/log/x/main\n"
        );
    }

    #[test]
    fn what_the_installed_product_does_not_bear_is_told_with_file_and_line_and_what_to_do() {
        for (table, words) in [
            (
                "own = [\n{ paths = ['var/q'], owner = 'qmail' } ]",
                "use relay.toml:10: the installed product has no user `qmail`; write its name as in \
                 etc/passwd or etc/group there, or give it a number in `users`",
            ),
            ("keys = 'mail:adm'", "use relay.toml:9: the installed product has no group `adm`; "),
            (
                "own = [{ paths = ['var/run/q'] }]",
                "use relay.toml:9: `var/run/q` leads through /var/run, a link to /run in the \
                 installed product; name the directory that it leads to",
            ),
            (
                "own = [{ paths = ['var/x/q'] }]",
                "use relay.toml:9: `var/x/q` is, or is below, a file of the installed product; name \
                 a directory",
            ),
            (
                "users = { mail = 9 }",
                "use relay.toml:9: the user `mail` is 9 here and 8 in the installed product; write \
                 8, or remove ROOT and install it again",
            ),
        ] {
            let error = planned(table).unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
    }

    #[test]
    fn a_root_that_is_installed_gets_the_users_of_the_table() {
        let root = RunDir::create(Afterwards::Remove, None).unwrap();
        root.write_private("etc/passwd", b"mail:x:8:8::/:\n").unwrap();
        let toml = "name = 'x'\ndirections = []\nconnectors = []\n[process]\ncommand = ['x']\n\
            [install]\ncommand = ['x']\n[root]\nusers = { mail = 8, daemon = 71 }\n";
        let contract = Contract::parse(Path::new("relay.toml"), toml).unwrap();
        add_users(&contract.root.unwrap(), root.path()).unwrap();
        let read = |name| fs::read_to_string(root.path().join(name)).unwrap();
        let passwd = "mail:x:8:8::/:\ndaemon:x:71:71::/nonexistent:/usr/sbin/nologin\n";
        assert_eq!(read("etc/passwd"), passwd);
        assert_eq!(read("etc/group"), "daemon:x:71:\nmail:x:8:\n");
    }
}
