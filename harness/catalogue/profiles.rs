//! Profiles and pins by name, and profiles of the user's own by file.

use std::collections::BTreeMap;
use std::path::Path;

use waxseal_model::limits;
use waxseal_model::profile::Profile;
use waxseal_model::requirement;

use super::files;
use super::load::{Catalogue, Rules};
use super::source::{Shelf, Source};

/// The names of the profiles that are built in.
pub fn profile_names() -> Vec<String> {
    Source::embedded().of(Shelf::Profile).map(|file| file.stem().to_owned()).collect()
}

/// The pins of a host that are built in, by name: path and text.
pub fn host_pins(name: &str) -> Option<(String, String)> {
    let embedded = Source::embedded();
    let mut pins = embedded.of(Shelf::Pins);
    let pins = pins.find(|file| file.stem() == name)?;
    Some((pins.path.clone(), pins.text.clone().into_owned()))
}

/// Whether what `--profile` names is a file: it has a `/`, or ends in `.toml`.
pub fn names_a_file(profile: &str) -> bool {
    profile.contains('/') || profile.ends_with(".toml")
}

impl Catalogue {
    /// The name of the profile that `--profile` means. A file is read and becomes one of the
    /// catalogue's, under the name of the file without its ending; a name stays what it is.
    ///
    /// # Errors
    /// One sentence, or what is wrong with the file, with line and caret.
    pub fn use_profile(&mut self, asked: &str) -> Result<String, String> {
        use_profile(asked, &self.requirements, &mut self.profiles)
    }
}

impl Rules {
    /// The same as [`Catalogue::use_profile`].
    ///
    /// # Errors
    /// The same.
    pub fn use_profile(&mut self, asked: &str) -> Result<String, String> {
        use_profile(asked, &self.requirements, &mut self.profiles)
    }
}

fn use_profile(
    asked: &str,
    requirements: &requirement::Catalogue,
    profiles: &mut BTreeMap<String, Profile>,
) -> Result<String, String> {
    if !names_a_file(asked) {
        return Ok(asked.to_owned());
    }
    let path = Path::new(asked);
    let wrong = |why: &str| format!("could not read the profile {}: {why}", path.display());
    let text = files::text(path, limits::FILE).map_err(|error| wrong(&error))?;
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    // Reports carry the name.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(wrong("write its name with letters, digits, `-`, `_` and `.`"));
    }
    let profile = Profile::load(asked, &text, requirements)
        .map_err(|wrong| format!("the profile is wrong\n{}", wrong.render(&text)))?;
    // The folder of the user's own scenarios may hold the same file.
    if profiles.get(name).is_some_and(|known| *known != profile) {
        return Err(wrong(&format!(
            "there is another profile `{name}`; give the file another name"
        )));
    }
    profiles.insert(name.to_owned(), profile);
    Ok(name.to_owned())
}
