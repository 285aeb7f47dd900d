//! Archives written and read back.

use exov6_archive::{Archive, Error, FORMAT, Hex, Manifest, Qemu, Region, Task, read, write};
use std::fs;
use std::path::Path;

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT.into(),
        name: "control-loop".into(),
        board: "qemu-virt".into(),
        image_id: "00ff".into(),
        entry: Hex(0x4020_0000),
        load: Hex(0x4020_0000),
        boot_info: Hex(0x4700_0000),
        kernel_offset: Hex(0xffff_ff80_0000_0000),
        qemu: Some(Qemu {
            binary: "qemu-system-aarch64".into(),
            args: vec!["-M".into()],
            ..Qemu::default()
        }),
        log: Some(0),
        tasks: vec![Task {
            name: "log".into(),
            package: "task-log".into(),
            elf: "tasks/log.elf".into(),
            regions: vec![Region {
                kind: "text".into(),
                base: Hex(0x1000),
                size: Hex(0x2000),
                physical: Hex(0x4021_0000),
                rights: "rx".into(),
                ..Region::default()
            }],
            ..Task::default()
        }],
        ..Manifest::default()
    }
}

fn entries() -> [(&'static str, &'static [u8]); 3] {
    [("app.toml", b"name = 1\n"), ("kernel.elf", &[0; 5000]), ("tasks/log.elf", b"\x7fELF")]
}

#[test]
fn what_is_written_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.zip");
    write(&path, &manifest(), entries()).unwrap();
    let archive = read(&path).unwrap();
    assert_eq!(archive.manifest, manifest());
    let names: Vec<&str> = archive.entries.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["app.toml", "kernel.elf", "tasks/log.elf"]);
    assert_eq!(archive.entry("tasks/log.elf"), Some(&b"\x7fELF"[..]));
    assert_eq!(archive.entry("tasks/none.elf"), None);
}

#[test]
fn the_same_contents_make_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let [a, b] = ["a.zip", "b.zip"].map(|n| directory.path().join(n));
    write(&a, &manifest(), entries()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2100)); // a tick of zip's clock
    write(&b, &manifest(), entries()).unwrap();
    assert!(fs::read(&a).unwrap() == fs::read(&b).unwrap());
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "temporary files are left: {left:?}");
}

#[test]
fn the_manifest_is_the_first_entry_and_writes_addresses_in_hexadecimal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.zip");
    write(&path, &manifest(), entries()).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(&bytes[30..43], b"manifest.json");
    let json = exov6_archive::to_json(&manifest()).unwrap();
    assert!(json.contains(r#""kernel_offset": "0xffffff8000000000""#), "{json}");
    assert!(json.contains(r#""crate": "task-log""#), "{json}");
}

fn error_of(contents: &[(&str, &[u8])]) -> String {
    use std::io::Write;
    let mut bytes = std::io::Cursor::new(vec![]);
    let mut zip = zip::ZipWriter::new(&mut bytes);
    for (name, body) in contents {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(body).unwrap();
    }
    zip.finish().unwrap();
    exov6_archive::read_from(bytes, Path::new("x.zip")).unwrap_err().to_string()
}

#[test]
fn another_format_is_refused_by_name() {
    let text = error_of(&[("manifest.json", br#"{"format":"exov6-archive/7","new":1}"#)]);
    assert!(
        text.starts_with(r#"x.zip: has format "exov6-archive/7"; this program reads"#),
        "{text}"
    );
}

#[test]
fn zip_files_of_others_are_refused() {
    let text = error_of(&[("README", b"")]);
    assert_eq!(text, "x.zip: starts with README, not with manifest.json");
    assert_eq!(error_of(&[]), "x.zip: is empty");
    let text = error_of(&[("manifest.json", b"{")]);
    assert!(text.starts_with("x.zip: manifest.json: EOF"), "{text}");
}

#[test]
fn a_damaged_archive_is_an_error_and_never_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.zip");
    write(&path, &manifest(), entries()).unwrap();
    let good: Archive = read(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        let cut = std::io::Cursor::new(bytes[..length].to_vec());
        assert!(exov6_archive::read_from(cut, &path).is_err(), "cut at {length}");
    }
    for position in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 0x10;
        if let Ok(read) = exov6_archive::read_from(std::io::Cursor::new(flipped), &path) {
            // Names and times of the inner headers are not covered by a checksum.
            assert_eq!(read.manifest, good.manifest, "flip at {position}");
        }
    }
}

#[test]
fn tasks_out_of_order_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.zip");
    let mut wrong = manifest();
    wrong.tasks[0].index = 3;
    write(&path, &wrong, []).unwrap();
    assert!(matches!(read(&path), Err(Error::Contents { .. })));
}
