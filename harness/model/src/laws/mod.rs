//! What holds for every script, every trace and every file, tried with generated ones.

mod dialogue;
mod files;
mod traces;
mod verdicts;
