//! Release: what an image for the field must not have.
//!
//! That the kernel's tables grant what the archive says is shown elsewhere (`records`); here
//! the archive itself is held against what a release is, and the kernel's instructions
//! against the one that leaves an emulator.

use crate::finding::{Finding, Findings, Statement};
use crate::image::Image;
use abi::kernel_op::KernelOp;
use exov6_archive::Manifest;

/// Kernel operations that nobody may have in a release.
const NOT_GRANTED: [KernelOp; 2] = [KernelOp::Exit, KernelOp::Fault];
/// `HLT #0xf000`: semihosting, on AArch64 (Arm semihosting 2.0, 3.1).
const HLT_F000: u32 = 0xd45e_0000;

/// Judges an archive that says it is a release.
pub fn judge(manifest: &Manifest, image: &Image, findings: &mut Findings) {
    if manifest.profile != "release" {
        return;
    }
    let mut found = |message: String, owners: &[&str]| {
        let finding = Finding::new(Statement::Release, message);
        findings.push(finding.owners(owners.iter().copied()));
    };
    if manifest.machine.exit != 0 {
        found("it can leave the emulator, and is a release".into(), &["the kernel"]);
    }
    for task in &manifest.tasks {
        for (operation, name) in KernelOp::ALL {
            if NOT_GRANTED.contains(&operation) && task.kernel.contains_key(name) {
                let message = format!("{} is granted {name} in a release", task.name);
                found(message, &[&task.name]);
            }
        }
    }
    let text = manifest.kernel.iter().find(|region| region.kind == "text");
    let text = text.and_then(|text| {
        let start = usize::try_from(text.physical.0.checked_sub(image.load)?).ok()?;
        let end = start.checked_add(usize::try_from(text.size.0).ok()?)?;
        Some((text.physical.0, image.bytes.get(start..end)?))
    });
    let Some((physical, text)) = text else {
        found("the kernel's text is not in the image".into(), &["the kernel"]);
        return;
    };
    for (word, at) in text.as_chunks::<4>().0.iter().zip((physical..).step_by(4)) {
        if u32::from_le_bytes(*word) == HLT_F000 {
            let message = format!("the kernel calls the emulator at {at:#x}, and is a release");
            found(message, &["the kernel"]);
        }
    }
}
