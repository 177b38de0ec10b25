//! Rebuilds when a migration is added: the files are part of the program.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/write");
}
