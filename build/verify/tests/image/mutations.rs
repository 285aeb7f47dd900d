//! Random archives and images: nothing panics, nothing hangs.

use crate::fixture;
use exov6_archive::Archive;

/// Numbers that look random and are the same every time (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// A number that is likely to hurt.
    fn nasty(&mut self) -> u64 {
        match self.below(8) {
            0 => 0,
            1 => u64::MAX,
            2 => u64::MAX - self.below(8192),
            3 => 1 << self.below(64),
            4 => (1 << self.below(64)) - 1,
            5 => fixture::LOAD + self.below(64) * 4096,
            6 => self.below(70),
            _ => self.next(),
        }
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let length = bytes.len() as u64;
        match self.below(10) {
            0 => bytes.truncate(self.below(length) as usize),
            1 => bytes.extend((0..self.below(9000)).map(|n| n as u8)),
            2..6 => {
                // A word of the tables or of the header.
                let at = self.below(length / 8 + 1) as usize * 8;
                let value = self.nasty().to_le_bytes();
                if let Some(place) = bytes.get_mut(at..at + 8) {
                    place.copy_from_slice(&value);
                }
            }
            _ => {
                for _ in 0..1 + self.below(8) {
                    let at = self.below(length) as usize;
                    let bit = 1 << self.below(8);
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= bit;
                    }
                }
            }
        }
    }

    fn manifest(&mut self, archive: &mut Archive) {
        let nasty = self.nasty();
        let manifest = &mut archive.manifest;
        let task = self.below(manifest.tasks.len() as u64) as usize;
        let task = &mut manifest.tasks[task];
        let region = self.below(task.regions.len() as u64) as usize;
        let region = &mut task.regions[region];
        let kernel = self.below(manifest.kernel.len() as u64) as usize;
        let kernel = &mut manifest.kernel[kernel];
        match self.below(30) {
            0 => manifest.load.0 = nasty,
            1 => manifest.size.0 = nasty,
            2 => manifest.kernel_offset.0 = nasty,
            3 => manifest.span.0 = nasty,
            4 => manifest.supervisor = nasty as u32,
            5 => manifest.log = Some(nasty as u32),
            6 => manifest.machine.ram.0 = nasty,
            7 => manifest.machine.distributor.0 = nasty,
            8 => manifest.machine.distributor_size.0 = nasty,
            9 => manifest.machine.early_console = Some(exov6_archive::Hex(nasty)),
            10 => manifest.image_id.truncate((nasty % 64) as usize),
            11 => manifest.image_id = "é".repeat(32),
            12 => region.base.0 = nasty,
            13 => region.size.0 = nasty,
            14 => region.physical.0 = nasty,
            15 => region.kind = ["window", "guard", "ring", "nothing"][(nasty % 4) as usize].into(),
            16 => region.rights = ["", "w", "rwx", "ré", "x"][(nasty % 5) as usize].into(),
            17 => kernel.base.0 = nasty,
            18 => kernel.size.0 = nasty,
            19 => kernel.physical.0 = nasty,
            20 => kernel.kind = ["tables", "desc", "text", "stack"][(nasty % 4) as usize].into(),
            21 => task.table_root.0 = nasty,
            22 => task.asid = nasty as u32,
            23 => task.notifications.iter_mut().for_each(|n| n.bit = nasty as u32),
            24 => task.ports.iter_mut().for_each(|port| port.server = "nobody".into()),
            25 => task.irqs.iter_mut().for_each(|irq| irq.bit = nasty as u32),
            26 => task.regions.truncate((nasty % 9) as usize),
            27 => task.elf = "image.img".into(),
            28 => {
                let copy = task.clone();
                manifest.tasks.extend((0..nasty % 70).map(|_| copy.clone()));
            }
            _ => manifest.kernel.truncate((nasty % 9) as usize),
        }
    }
}

#[test]
fn a_hundred_thousand_damaged_images_panic_nobody() {
    let good = fixture::archive();
    // Without the programs, which only a full verification looks at.
    let mut light = good.clone();
    light.entries.truncate(1);
    let mut random = Random(1);
    let mut refused = 0;
    for number in 0..100_000 {
        let mut archive = if number % 64 == 1 { good.clone() } else { light.clone() };
        match random.below(4) {
            0 => random.manifest(&mut archive),
            1 => {
                random.manifest(&mut archive);
                fixture::edit(&mut archive, "image.img", |image| random.damage(image));
            }
            _ => fixture::edit(&mut archive, "image.img", |image| random.damage(image)),
        }
        // The digest takes most of the time: seldom.
        let report = match number % 64 {
            0 => exov6_verify::image(archive.entry("image.img").unwrap()),
            1 => exov6_verify::archive(&archive),
            _ => exov6_verify::tables(&archive),
        };
        refused += usize::from(!report.passed);
        assert!(report.passed || !report.complaint(1).is_empty());
    }
    // Without the digest, damage to code and data is not noticed, nor is none.
    assert!(refused > 50_000, "{refused}");
}

#[test]
fn a_thousand_damaged_archive_files_panic_nobody() {
    let good = fixture::archive();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("small.zip");
    let entries = good.entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    exov6_archive::write(&path, &good.manifest, entries).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut random = Random(2);
    for _ in 0..1000 {
        let mut bytes = bytes.clone();
        random.damage(&mut bytes);
        if let Ok(archive) = exov6_archive::read_from(std::io::Cursor::new(bytes), &path) {
            let report = exov6_verify::archive(&archive);
            assert!(report.passed || !report.json().is_empty());
        }
    }
}
