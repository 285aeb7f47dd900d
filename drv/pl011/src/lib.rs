//! drv-pl011
