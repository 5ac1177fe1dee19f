//! What `[root]` of a driver prepares, by a product that is a few files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};

const CONTROL: &str = "outbound/control#opportunistic";

/// A folder for a driver, and one for what it installs.
struct Product(tempfile::TempDir);

const TABLE: &str = "[root]\nusers = { daemon = 71 }\n\
    own = [{ paths = ['var/q', 'run/q'], owner = 'daemon', mode = '2750' }]\n\
    keys = 'daemon'\nlog = ['var/log/x/main']\n";

impl Product {
    /// A driver whose start command looks at its root and then runs `then`.
    fn new(table: &str) -> Self {
        let product = Self(tempfile::tempdir().unwrap());
        let toml = format!(
            "name = 'product'\ndirections = ['outbound']\n\
             connectors = {{ outbound = ['opportunistic'] }}\nsubmit = ['false']\n\
             [process]\ncommand = ['./start.sh']\n[ready]\nfile = 'ready'\n\
             [install]\ncommand = ['./install.sh']\n{table}"
        );
        let install = "#!/bin/sh\nset -eu\ncd \"$1\"\nmkdir -p etc/own var/q dev proc\n\
            echo root:x:0:0::/: >>etc/passwd\necho old >etc/own/old\necho old >var/q/old\n\
            : >etc/hosts\necho 1 >VERSION\n";
        let start = "#!/bin/sh\nset -eu\ncd \"$WAXSEAL_ROOT\"\n\
            stat -c 'IS %n %a %u:%g' var/q run/q tmp etc/own/new etc/waxseal/* \n\
            echo HAS etc: $(cat etc/own/new etc/own/old) q: $(ls var/q) dev: $(ls dev)\n\
            cat etc/hosts etc/resolv.conf etc/passwd\ncmp etc/waxseal/ca.pem etc/ssl/certs/ca-certificates.crt\n\
            test -d proc/self && echo null >dev/null && echo by the product >>var/log/x/main\n\
            : >tmp/x\necho new >etc/passwd\n: >\"$WAXSEAL_DIR/ready\"\nexec sleep 7041\n";
        for (name, text) in [
            ("relay.toml", toml.as_str()),
            ("install.sh", install),
            ("start.sh", start),
            ("etc/own/new.tmpl", "{{hostname}}\n"),
        ] {
            let path = product.driver().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        product
    }

    fn driver(&self) -> PathBuf {
        self.0.path().join("product")
    }

    /// The one product that is installed.
    fn root(&self) -> PathBuf {
        let roots = self.0.path().join("data/waxseal/relays");
        fs::read_dir(roots).unwrap().next().unwrap().unwrap().path()
    }

    fn waxseal(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        command.args(arguments).env("XDG_DATA_HOME", self.0.path().join("data"));
        command.env("TMPDIR", self.0.path());
        command.output().unwrap()
    }

    /// Installs and runs it: what waxseal says, and `relay.log`. `None` where it cannot be run here.
    fn run(&self) -> Option<(String, String)> {
        self.run_with(&[])
    }

    /// The same with more arguments of the run.
    fn run_with(&self, more: &[&str]) -> Option<(String, String)> {
        let driver = self.driver();
        let driver = driver.to_str().unwrap();
        let installed = self.waxseal(&["relays", "install", driver]);
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let run = self.waxseal(&[&["run", driver, "--keep", "--case", CONTROL], more].concat());
        let told = String::from_utf8_lossy(&run.stderr).into_owned();
        if ["could not enter the private network", "it needs root"]
            .iter()
            .any(|no| told.contains(no))
        {
            eprintln!("not played: {told}");
            return None;
        }
        let kept = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        let logs = kept.map(|path| path.join("relay.log"));
        Some((told, logs.filter_map(|path| fs::read_to_string(path).ok()).collect()))
    }
}

#[test]
fn a_root_is_prepared_and_nothing_of_the_installed_product_changes() {
    let product = Product::new(TABLE);
    let Some((told, log)) = product.run() else { return };
    for line in [
        "IS var/q 2750 71:71",
        "IS run/q 2750 71:71",
        "IS tmp 1777 0:0",
        "IS etc/own/new 644 0:0",
        "IS etc/waxseal/ca.pem 644 0:0",
        "IS etc/waxseal/relay.key 600 71:71",
        "IS etc/waxseal/client.key 600 71:71",
        "HAS etc: relay.waxseal.test old q: dev: null random urandom zero",
        "127.0.0.1 localhost relay.waxseal.test",
        "nameserver 127.0.0.53",
        "root:x:0:0::/:",
        "daemon:x:71:71::/nonexistent:/usr/sbin/nologin",
        "by the product",
    ] {
        assert!(log.lines().any(|logged| logged == line), "no `{line}` in {log}{told}");
    }
    let root = product.root();
    let read = |name| fs::read_to_string(root.join(name)).unwrap();
    assert_eq!(read("var/q/old"), "old\n");
    assert_eq!(read("etc/hosts"), "");
    let passwd = "daemon:x:71:71::/nonexistent:/usr/sbin/nologin\nroot:x:0:0::/:\n";
    assert_eq!(read("etc/passwd"), passwd);
    assert!(!root.join("tmp/x").exists() && !root.join("etc/waxseal").exists());
}

/// The installed product has no `var/more` yet, and the user's files lie over it.
#[test]
fn the_first_run_of_a_product_may_have_a_configuration_of_the_users() {
    let adopt = "[config]\ncommand = ['sh', '-c', 'mkdir -p \"$WAXSEAL_DIR/root/opt\"; \
        echo of the user >\"$WAXSEAL_DIR/root/opt/file\"']\n[root]";
    let table = TABLE.replace("[root]", adopt).replace("'run/q'", "'run/q', 'var/more'");
    let product = Product::new(&table);
    let start = product.driver().join("start.sh");
    let text = fs::read_to_string(&start).unwrap();
    let look = "stat -c 'IS %n %a %u:%g' var/more && cat opt/file\n: >\"$WAXSEAL_DIR/ready\"";
    fs::write(&start, text.replace(": >\"$WAXSEAL_DIR/ready\"", look)).unwrap();
    let config = ["--config", "/etc", "--connector", "partner.example=opportunistic"];
    let Some((told, log)) = product.run_with(&config) else { return };
    for line in ["IS var/more 2750 71:71", "of the user"] {
        assert!(log.lines().any(|logged| logged == line), "no `{line}` in {log}{told}");
    }
}

#[test]
fn what_cannot_be_prepared_is_told_with_file_and_line() {
    // That a log is where another one has its directory shows only when the relay starts.
    let product = Product::new(&TABLE.replace("/main'", "/main', 'var/log/x'"));
    if let Some((told, _)) = product.run() {
        let file = product.driver().join("relay.toml");
        let words =
            format!("the private root could not be prepared: {}:15: var/log/x", file.display());
        assert!(told.contains(&words), "no `{words}` in {told}");
    }
    // What shows in the installed product is told before anything starts.
    let product = Product::new(&TABLE.replace("'run/q'", "'var/link/q'"));
    let Some((told, log)) = product.run() else { return };
    assert!(log.contains("IS var/q"), "{told}{log}");
    symlink("/run", product.root().join("var/link")).unwrap_or_else(|_| {
        fs::remove_dir_all(product.root().join("var/link")).unwrap();
        symlink("/run", product.root().join("var/link")).unwrap();
    });
    let run = product.waxseal(&["run", product.driver().to_str().unwrap(), "--case", CONTROL]);
    let told = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{told}");
    let words = "relay.toml:13: `var/link/q` leads through /var/link, a link to /run";
    assert!(told.contains(words), "no `{words}` in {told}");
}
