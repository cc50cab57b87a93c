//! The cookie that binds a request to a browser: a browser that asks twice at once is one browser.

use std::time::Duration;

use parjar::{AuthorizeRefusal, BindingCookie, BindingCookies, ManualClock, Pending, Reason};

use crate::{
    host::page,
    support::{ISSUER, Server, code_request},
};

const KEY: [u8; 32] = [7; 32];

struct Login {
    server: Server,
    handle: String,
    cookies: BindingCookies,
    clock: ManualClock,
}

impl Login {
    fn new() -> Self {
        let server = Server::new();
        let handle = server.pushed(&code_request(&[]));
        let clock = ManualClock::default();
        let cookies = BindingCookies::new(ISSUER, &KEY).with_clock(clock.clone());
        Self { server, handle, cookies, clock }
    }

    fn open(&self, cookie: &BindingCookie) -> Result<Pending, AuthorizeRefusal> {
        let query = format!("client_id=basic&request_uri={}", self.handle);
        pollster::block_on(self.server.par.authorize(&query, cookie.browser()))
    }

    /// Opens the request in a browser that has sent these cookies, and gives the one that it has then.
    fn visit(&self, cookies: &str, agent: &str) -> Result<String, AuthorizeRefusal> {
        let cookie = self.cookies.read(&self.handle, cookies, agent);
        let pending = self.open(&cookie)?;
        Ok(cookie.of(&pending).to_set(600).map_or_else(|| cookies.to_owned(), |header| pair(&header).to_owned()))
    }
}

fn pair(header: &str) -> &str {
    header.split(';').next().unwrap()
}

#[test]
fn two_first_visits_of_a_browser_are_visits_of_one_browser() {
    for seconds in [0, 1, 9, 10, 19] {
        let login = Login::new();
        // The clock starts at the begin of a step of ten seconds.
        let first = login.visit("", "agent").unwrap();
        login.clock.advance(Duration::from_secs(seconds));
        let second = login.visit("", "agent").unwrap();
        assert_eq!(first, second, "after {seconds} s");
        login.clock.advance(Duration::from_secs(300));
        assert_eq!(login.visit(&format!("other=1; {first}"), "agent").unwrap(), format!("other=1; {first}"));
    }
}

#[test]
fn of_two_visits_at_the_turn_of_a_step_either_may_come_first() {
    let login = Login::new();
    let earlier = login.cookies.read(&login.handle, "", "agent");
    login.clock.advance(Duration::from_secs(10));
    let later = login.visit("", "agent").unwrap();
    let pending = login.open(&earlier).unwrap();
    assert_eq!(pair(&earlier.of(&pending).to_set(600).unwrap()), later);
}

#[test]
fn a_browser_that_comes_later_or_looks_different_is_another_one() {
    for (seconds, agent) in [(20, "agent"), (300, "agent"), (0, "another"), (0, "")] {
        let login = Login::new();
        login.visit("", "agent").unwrap();
        login.clock.advance(Duration::from_secs(seconds));
        assert_eq!(page(login.visit("", agent)).reason(), Reason::OtherBrowser, "{seconds} {agent}");
    }
}

#[test]
fn a_browser_with_its_cookie_may_look_different() {
    let login = Login::new();
    let cookie = login.visit("", "agent").unwrap();
    assert_eq!(login.visit(&cookie, "updated").unwrap(), cookie);
}

#[test]
fn nodes_with_one_key_give_a_browser_one_cookie_and_others_do_not() {
    let login = Login::new();
    let [same, other_key, other_issuer] =
        [(ISSUER, KEY), (ISSUER, [8; 32]), ("https://other.example.com", KEY)].map(|(issuer, key)| {
            let cookies = BindingCookies::new(issuer, &key).with_clock(login.clock.clone());
            cookies.read(&login.handle, "", "agent").to_set(600).unwrap()
        });
    let ours = login.visit("", "agent").unwrap();
    assert_eq!(pair(&same), ours);
    assert_ne!(pair(&other_key), ours);
    assert_ne!(pair(&other_issuer), ours);
}

#[test]
fn tabs_with_two_requests_have_a_cookie_each() {
    let login = Login::new();
    let name = |handle| {
        let header = login.cookies.read(handle, "", "agent").to_set(600).unwrap();
        header.split('=').next().unwrap().to_owned()
    };
    assert_ne!(name("urn:1"), name("urn:2"));
    assert_eq!(name("urn:1"), name("urn:1"));
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_hosts() {
    let [secure, plain] = [ISSUER, "http://127.0.0.1:3000"].map(|issuer| {
        let cookie = BindingCookies::new(issuer, &KEY).read("urn:1", "", "agent");
        assert!(!format!("{cookie:?}").contains(pair(&cookie.to_drop()).split('=').next_back().unwrap()));
        cookie.to_set(600).unwrap()
    });
    assert!(secure.starts_with("__Host-parjar-"), "{secure}");
    assert!(secure.ends_with("; Path=/; Max-Age=630; HttpOnly; SameSite=Lax; Secure"), "{secure}");
    assert!(plain.starts_with("parjar-") && plain.ends_with("; SameSite=Lax"), "{plain}");
}

#[test]
fn a_form_token_is_of_one_cookie_and_does_not_show_it() {
    let login = Login::new();
    let cookie = login.visit("", "agent").unwrap();
    let token = |cookies: &str, agent| login.cookies.read(&login.handle, cookies, agent).form_token();
    assert_eq!(token(&cookie, "agent"), token(&cookie, "another"));
    assert_ne!(token(&cookie, "agent"), token("", "another"));
    assert!(!cookie.contains(&token(&cookie, "agent")));
}

#[test]
fn what_does_not_look_like_a_cookie_of_this_server_counts_as_none() {
    let login = Login::new();
    let cookie = login.visit("", "agent").unwrap();
    let name = cookie.split('=').next().unwrap();
    let long = "x".repeat(81);
    for value in ["", "x", "1.short", &long, &format!("1.{}", "é".repeat(30))] {
        let read = login.cookies.read(&login.handle, &format!("{name}={value}"), "agent");
        assert!(!read.is_sent(), "{value}");
    }
}
