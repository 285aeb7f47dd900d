//! A small image, proved, broken, corrupted and mutated.

mod corruption;
mod fixture;
mod mutations;
mod statements;

#[test]
fn nothing_that_made_the_image_is_used_to_verify_it() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    for made in ["exov6-pagetable", "exov6-image", "exov6-config", "aarch64-paging"] {
        assert!(!dependencies.contains_key(made), "{made}");
    }
}
