//! drv-uart-api
