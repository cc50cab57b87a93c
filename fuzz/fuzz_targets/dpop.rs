#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parjar_fuzz::dpop::run(bytes));
