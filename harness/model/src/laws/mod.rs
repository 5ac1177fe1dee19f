//! What holds for every script, every trace and every file, tried with generated ones.

mod dialogue;
mod files;
mod rows;
mod traces;
mod verdicts;
