//! The arguments of `waxseal certs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Certs {
    /// Say whether a chain stands: paths, names, dates, usages, and what its CRL, OCSP and issuer
    /// addresses answer.
    Check(CertsCheckArguments),
    /// List the recipes, each with what is special about it.
    List {
        /// Also list the recipes of your own folder of scenarios, see `waxseal run --help`.
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
    },
    /// Make a key and a chain by a recipe: chain.pem, key.pem (for its owner alone) and root.pem, what
    /// is to be trusted.
    Make(CertsMakeArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CertsMakeArguments {
    /// The name of a recipe, as `waxseal certs list` has it.
    pub(in crate::cli) recipe: String,
    /// The folder for the files; it is made where there is none.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: PathBuf,
    /// The host's name, which the recipe fills in.
    #[arg(long, value_name = "HOST", default_value = "mx.waxseal.test")]
    pub(in crate::cli) name: String,
    /// Overwrite files of these names.
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Also look into your own folder of scenarios, see `waxseal run --help`.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) scenarios: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CertsCheckArguments {
    /// Hosts (STARTTLS; at port 465 implicit TLS) and files in PEM, leaf first. A file is named with a
    /// `/`, or ends in .pem, .crt or .cer.
    #[arg(value_name = "HOST[:PORT]|PEM")]
    pub(in crate::cli) subjects: Vec<String>,
    /// Check every mail host of this domain.
    #[arg(long, value_name = "DOMAIN")]
    pub(in crate::cli) mx: Option<String>,
    /// The roots that the chain has to end in, in PEM: a file or a folder [default: those of this
    /// machine].
    #[arg(long, value_name = "FILE|DIR")]
    pub(in crate::cli) store: Option<PathBuf>,
    /// The name that the certificate has to be for [default: that of the host].
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<String>,
    /// Start with TLS at other ports than 465 as well.
    #[arg(long)]
    pub(in crate::cli) implicit: bool,
    /// Do not ask the addresses that certificates name: CRL, OCSP and issuers.
    #[arg(long)]
    pub(in crate::cli) no_fetch: bool,
    /// Also connect to private, loopback, link-local and other special addresses.
    #[arg(long)]
    pub(in crate::cli) allow_private: bool,
    /// Time limit for each answer in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(in crate::cli) time: u64,
    /// Format of standard output; JSON is one object per line.
    #[arg(long, value_enum, default_value = "human")]
    pub(in crate::cli) format: CertsFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CertsFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
}
