//! Temporary: checks scenario files given a folder of requirement ids, recipes and offers.
use std::{collections::BTreeSet, fs, path::Path};
use waxseal_model::scenario::{Known, load, load_offers};
fn walk(dir: &Path, out: &mut Vec<std::path::PathBuf>) {
    for e in fs::read_dir(dir).unwrap().flatten() {
        let p = e.path();
        if p.is_dir() {
            walk(&p, out)
        } else if p.extension().is_some_and(|x| x == "toml") {
            out.push(p)
        }
    }
}
fn main() {
    let root = std::env::args().nth(1).unwrap();
    let root = Path::new(&root);
    let reqs = fs::read_to_string("/work/shared/requirements.toml").unwrap();
    let requirements: BTreeSet<String> = reqs
        .lines()
        .filter_map(|l| l.strip_prefix("id = \"")?.strip_suffix('"').map(String::from))
        .collect();
    let offers_text = fs::read_to_string(root.join("offers.toml")).unwrap_or_default();
    let offers = load_offers("offers.toml", &offers_text).unwrap_or_else(|e| {
        for d in e {
            println!("{}\n", d.render(&offers_text));
        }
        Default::default()
    });
    let recipes = "trusted trusted-rsa trusted-rsa-1024 trusted-sha1 expired not-yet-valid wrong-name self-signed unknown-ca missing-intermediate bad-signature ca-false-issuer wrong-usage no-usage cn-only cn-right-san-wrong wildcard wildcard-deep wildcard-partial name-constraints-violated must-staple root-b client client-untrusted client-expired client-wrong-name client-server-usage-only client-self-signed".split(' ').map(String::from).collect();
    let known = Known { requirements, recipes, offers };
    let (mut files, mut cases, mut bad) = (0, 0, 0);
    for side in ["inbound", "outbound"] {
        let mut all = vec![];
        walk(&root.join(side), &mut all);
        all.sort();
        for f in all {
            let text = fs::read_to_string(&f).unwrap();
            let id = f.strip_prefix(root).unwrap().with_extension("").display().to_string();
            match load(&id, &f.display().to_string(), &text, &known) {
                Ok(s) => {
                    files += 1;
                    cases += s.cases.len();
                    for c in &s.cases {
                        println!("{}", c.id)
                    }
                }
                Err(e) => {
                    bad += 1;
                    for d in e {
                        println!("{}\n", d.render(&text));
                    }
                }
            }
        }
    }
    println!("{files} files, {cases} cases, {bad} bad files");
}
