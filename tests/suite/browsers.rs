//! The first browser to open a request keeps it.

use parjar::{AuthorizeRefusal, Browser, Granted, Pending, Reason};

use crate::{
    host::page,
    support::{Server, code_request},
};

struct Login {
    server: Server,
    handle: String,
}

impl Login {
    fn new() -> Self {
        let server = Server::new();
        let handle = server.pushed(&code_request(&[]));
        Self { server, handle }
    }

    fn open(&self, browser: Option<&str>) -> Result<Pending, AuthorizeRefusal> {
        self.server.authorize(&format!("client_id=basic&request_uri={}", self.handle), browser)
    }

    fn complete(&self, pending: &Pending) -> Result<Granted, AuthorizeRefusal> {
        pollster::block_on(self.server.par.complete(pending))
    }
}

#[test]
fn the_first_browser_keeps_the_request() {
    // P-20, P-38
    let login = Login::new();
    let first = login.open(Some("first")).unwrap();
    for other in [Some("second"), Some("First"), Some("first "), None] {
        assert_eq!(page(login.open(other)).reason(), Reason::OtherBrowser, "{other:?}");
    }
    assert!(login.open(Some("first")).is_ok());
    assert!(login.complete(&first).is_ok());
    assert_eq!(page(login.open(Some("second"))).reason(), Reason::SpentRequestUri);
}

#[test]
fn an_older_tab_stays_good() {
    // P-19
    let login = Login::new();
    let older = login.open(Some("one")).unwrap();
    let newer = login.open(Some("one")).unwrap();
    assert!(login.complete(&older).is_ok());
    assert_eq!(page(login.complete(&newer)).reason(), Reason::AlreadyAnswered);
}

#[test]
fn without_a_browser_whoever_has_the_handle_goes_on() {
    let login = Login::new();
    let first = login.open(None).unwrap();
    assert!(login.open(None).is_ok());
    assert!(login.complete(&first).is_ok());
}

#[test]
fn a_browser_that_comes_later_takes_the_request_over() {
    let login = Login::new();
    let unbound = login.open(None).unwrap();
    let bound = login.open(Some("one")).unwrap();
    assert_eq!(page(login.complete(&unbound)).reason(), Reason::OtherBrowser);
    assert_eq!(page(login.open(None)).reason(), Reason::OtherBrowser);
    assert!(login.complete(&bound).is_ok());
}

#[test]
fn a_wrong_client_binds_nothing() {
    // P-05
    let login = Login::new();
    let wrong = format!("client_id=other&request_uri={}", login.handle);
    assert!(login.server.authorize(&wrong, Some("thief")).is_err());
    let pending = login.open(Some("one")).unwrap();
    assert!(login.server.authorize(&wrong, Some("one")).is_err());
    assert!(login.complete(&pending).is_ok());
}

#[test]
fn a_refused_browser_does_not_prolong_the_login() {
    let login = Login::new();
    assert!(login.open(Some("one")).is_ok());
    for _ in 0..6 {
        login.server.pass(100);
        let _ = login.open(Some("two"));
    }
    assert_eq!(page(login.open(Some("one"))).reason(), Reason::UnknownRequestUri);
}

#[test]
fn any_text_is_a_binding() {
    for text in ["\0", "ü\u{1F600}", "a=b; c=d", &"x".repeat(100_000)] {
        let login = Login::new();
        let pending = login.open(Some(text)).unwrap();
        assert_eq!(page(login.open(Some(&format!("{text}.")))).reason(), Reason::OtherBrowser);
        assert!(login.complete(&pending).is_ok());
    }
}

#[test]
fn requests_of_one_browser_are_independent() {
    let login = Login::new();
    let second = login.server.pushed(&code_request(&[]));
    let here = login.open(Some("one")).unwrap();
    for browser in ["one", "two"] {
        let opened = login.server.authorize(&format!("client_id=basic&request_uri={second}"), Some(browser));
        assert_eq!(opened.is_ok(), browser == "one");
    }
    assert!(login.complete(&here).is_ok());
    assert!(login.server.authorize(&format!("client_id=basic&request_uri={second}"), Some("one")).is_ok());
}

#[test]
fn an_unbound_browser_binds_nothing() {
    let login = Login::new();
    assert!(login.open(None).is_ok());
    assert!(login.open(None).is_ok());
    assert!(login.open(Some("first")).is_ok());
    assert_eq!(page(login.open(None)).reason(), Reason::OtherBrowser);
}

#[test]
fn an_empty_cookie_names_no_browser() {
    // P-20: otherwise all browsers without a cookie would be one
    let error = Browser::bound("").unwrap_err();
    assert_eq!(error.to_string(), "the binding of a browser is empty");
    assert!(!format!("{:?}", Browser::bound("cAnArY").unwrap()).contains("cAnArY"));
}

#[test]
fn a_plain_request_belongs_to_no_browser() {
    let server = Server::new();
    let query = code_request(&[("client_id", "basic")]);
    for browser in [None, Some("one"), Some("two")] {
        assert!(server.authorize(&query, browser).is_ok());
    }
    assert!(server.store.is_empty());
}
