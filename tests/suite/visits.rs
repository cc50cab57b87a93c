//! Browsers at the authorization endpoint: what opens a request, what does not, and whose form is taken.

use std::{cell::RefCell, collections::BTreeMap};

use parjar::{AuthorizeRefusal, BindingCookies, BrowserRequest, Decision, Login, ParEndpoint, Reason, Reply, Visit};
use serde_json::json;

use crate::{
    objects_by_value::single_use,
    support::{CALLBACK, FORM, ISSUER, Server, code_request, form},
    tokens::object,
};

const FROM_A_LINK: [(&str, &str); 3] =
    [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
const FROM_HERE: [(&str, &str); 4] = [
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
    ("origin", ISSUER),
];

/// A browser with its cookies.
#[derive(Default)]
struct Person {
    cookies: RefCell<BTreeMap<String, String>>,
}

/// The server, and the query of a request that was pushed.
struct Site {
    server: Server,
    cookies: BindingCookies,
    query: String,
}

impl Site {
    fn new() -> Self {
        Self::of(Server::new())
    }

    fn of(server: Server) -> Self {
        let query = format!("client_id=basic&request_uri={}", server.pushed(&code_request(&[])));
        Self { server, cookies: BindingCookies::new(ISSUER, &[7; 32]), query }
    }

    fn par(&self) -> &ParEndpoint {
        &self.server.par
    }

    /// One request, as any sender may make it.
    fn send(&self, method: &str, headers: &[(&str, &str)], query: &str, body: &str) -> Result<Visit, AuthorizeRefusal> {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let request = BrowserRequest::new(method, headers, Some(query), body);
        pollster::block_on(self.par().visit(&self.cookies, &request))
    }
}

impl Person {
    fn headers<'a>(&self, headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, String)> {
        let cookies = self.cookies.borrow();
        let lines = cookies.iter().map(|(name, value)| ("cookie", format!("{name}={value}")));
        headers.iter().map(|(name, value)| (*name, (*value).to_owned())).chain(lines).collect()
    }

    fn keep(&self, set_cookie: &str) {
        let (name, value) = set_cookie.split(';').next().unwrap().split_once('=').unwrap();
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// Follows a link, and all redirects back to the endpoint. Returns the login, and how many redirects there were.
    fn follow(&self, site: &Site, query: &str) -> Result<(Login, usize), AuthorizeRefusal> {
        let mut query = query.to_owned();
        for redirects in 0..5 {
            let headers = self.headers(&FROM_A_LINK);
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            match site.send("GET", &headers, &query, "")? {
                Visit::Login(login) => {
                    self.keep(&login.set_cookie());
                    return Ok((*login, redirects));
                }
                Visit::Reply(reply) => {
                    query = location(&reply).strip_prefix('?').unwrap().to_owned();
                    self.keep(reply.header("set-cookie").unwrap());
                }
            }
        }
        panic!("the browser goes in circles");
    }

    fn decide(
        &self,
        site: &Site,
        from: &[(&str, &str)],
        login: &Login,
        decision: Decision,
    ) -> Result<Login, AuthorizeRefusal> {
        let headers = self.headers(from);
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let form = BrowserRequest::new("POST", headers, None, b"");
        let (query, token) = (login.pending().to_query(), login.form_token());
        pollster::block_on(site.par().decide(&site.cookies, &form, &query, &token, decision))
    }
}

fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status(), 303);
    assert!(reply.header("cache-control").unwrap().contains("no-store"));
    reply.header("location").unwrap()
}

fn reply(visit: Result<Visit, AuthorizeRefusal>) -> Reply {
    match visit {
        Ok(Visit::Reply(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, AuthorizeRefusal>) -> Reason {
    outcome.unwrap_err().refusal().reason()
}

#[test]
fn a_head_request_opens_nothing() {
    let site = Site::new();
    let head = reply(site.send("HEAD", &FROM_A_LINK, &site.query, ""));
    assert_eq!((head.status(), head.body(), head.header("set-cookie")), (200, "", None));
    assert!(head.header("cache-control").unwrap().contains("no-store"));
    // Whoever comes first with a GET has the request.
    let (first, second) = (Person::default(), Person::default());
    assert!(first.follow(&site, &site.query).is_ok());
    assert_eq!(reason(second.follow(&site, &site.query)), Reason::OtherBrowser);
}

#[test]
fn other_methods_are_refused_with_those_that_there_are() {
    let site = Site::new();
    for method in ["PUT", "DELETE", "OPTIONS", "TRACE", "get", ""] {
        let refused = reply(site.send(method, &[], &site.query, ""));
        assert_eq!((refused.status(), refused.header("allow")), (405, Some("GET, HEAD, POST")), "{method:?}");
    }
}

#[test]
fn a_browser_gets_its_cookie_before_it_opens_a_pushed_request_and_keeps_its_address() {
    let site = Site::new();
    let person = Person::default();
    let (login, redirects) = person.follow(&site, &site.query).unwrap();
    assert_eq!(redirects, 2);
    let cookie = login.set_cookie();
    for part in ["__Host-", "; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age=630"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    // A reload is no new visit.
    assert_eq!(person.follow(&site, &site.query).unwrap().1, 0);
}

#[test]
fn a_double_click_opens_the_request_to_one_browser() {
    let site = Site::new();
    let person = Person::default();
    // Both requests leave before an answer is there, and the browser drops the first one with its cookie.
    reply(site.send("GET", &FROM_A_LINK, &site.query, ""));
    assert!(person.follow(&site, &site.query).is_ok());
}

#[test]
fn what_is_not_loaded_as_a_page_is_spared_the_way() {
    for headers in [&[][..], &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]] {
        let site = Site::new();
        assert!(matches!(site.send("GET", headers, &site.query, ""), Ok(Visit::Login(_))));
    }
}

#[test]
fn a_post_of_another_site_comes_again_as_a_get_and_is_the_browser_that_it_was() {
    let site = Site::new();
    let person = Person::default();
    person.follow(&site, &site.query).unwrap();
    // The cookies stay at home, as `SameSite=Lax` says.
    for from in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "null"),
        ("origin", "https://app.example.com"),
    ] {
        let sent = reply(site.send("POST", &[from, ("content-type", FORM)], "", &site.query));
        assert_eq!(location(&sent), format!("?{}", site.query));
        assert_eq!(sent.header("set-cookie"), None);
    }
    assert_eq!(person.follow(&site, &site.query).unwrap().1, 0);
}

#[test]
fn a_post_that_cannot_come_again_is_refused() {
    let site = Site::new();
    let from = ("sec-fetch-site", "cross-site");
    let long = format!("{}&x={}", site.query, "y".repeat(8 * 1024));
    for body in [long.as_str(), "a b", "a=\u{e4}", "a#b", "a\r\nlocation: x"] {
        let refused = site.send("POST", &[from, ("content-type", FORM)], "", body).unwrap_err();
        assert_eq!(refused.page_status(), 400, "{body}");
    }
    for media_type in [None, Some("text/plain"), Some("application/json")] {
        let headers: Vec<_> = [from].into_iter().chain(media_type.map(|it| ("content-type", it))).collect();
        assert_eq!(reason(site.send("POST", &headers, "", &site.query)), Reason::ContentType);
    }
}

#[test]
fn a_post_of_this_site_or_of_an_old_browser_opens_the_request() {
    for headers in [&FROM_HERE[3..], &[("sec-fetch-site", "none")], &[]] {
        let site = Site::new();
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", FORM)]).collect();
        assert!(matches!(site.send("POST", &headers, "", &site.query), Ok(Visit::Login(_))));
    }
}

#[test]
fn repeated_headers_are_of_another_site() {
    let site = Site::new();
    for name in ["origin", "sec-fetch-site"] {
        let value = if name == "origin" { ISSUER } else { "same-origin" };
        let headers = [(name, value), (name, value), ("content-type", FORM)];
        assert_eq!(reply(site.send("POST", &headers, "", &site.query)).status(), 303);
    }
}

#[test]
fn a_decision_ends_the_login_and_drops_its_cookie() {
    let site = Site::new();
    let person = Person::default();
    let (login, _) = person.follow(&site, &site.query).unwrap();
    let decided = person.decide(&site, &FROM_HERE, &login, Decision::Approve).unwrap();
    assert!(decided.drop_cookie().unwrap().contains("; Max-Age=30;"));
    let granted = pollster::block_on(site.par().complete(decided.pending())).unwrap();
    let response = pollster::block_on(granted.respond([("code", "c1")])).unwrap();
    assert!(response.location().unwrap().starts_with(CALLBACK));
    // A second click gets the answer again.
    let again = person.decide(&site, &FROM_HERE, &login, Decision::Approve).unwrap_err();
    assert!(matches!(again, AuthorizeRefusal::Answered(_)));
}

#[test]
fn a_form_that_no_page_of_this_server_has_sent_decides_nothing() {
    let site = Site::new();
    let (person, other) = (Person::default(), Person::default());
    let (login, _) = person.follow(&site, &site.query).unwrap();
    let foreign = |outcome: Result<Login, AuthorizeRefusal>| assert_eq!(reason(outcome), Reason::ForeignForm);
    // The cookie of a victim comes along with forms of other sites of its own domain, and by old browsers.
    for from in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        foreign(person.decide(&site, &[from], &login, Decision::Approve));
    }
    // A browser without the cookie, and one with another page of this server.
    foreign(other.decide(&site, &FROM_HERE, &login, Decision::Approve));
    let form = BrowserRequest::new("POST", [("origin", ISSUER.as_bytes())], None, b"");
    for token in ["", "x"] {
        let query = login.pending().to_query();
        foreign(pollster::block_on(site.par().decide(&site.cookies, &form, &query, token, Decision::Approve)));
    }
    // A link decides nothing, whatever is in it.
    let headers = person.headers(&FROM_HERE);
    let link = BrowserRequest::new("GET", headers.iter().map(|(name, value)| (*name, value.as_bytes())), None, b"");
    let (query, token) = (login.pending().to_query(), login.form_token());
    foreign(pollster::block_on(site.par().decide(&site.cookies, &link, &query, &token, Decision::Approve)));
    // Its own form is as good as ever.
    assert!(person.decide(&site, &FROM_HERE, &login, Decision::Approve).is_ok());
}

#[test]
fn a_request_in_the_query_has_a_cookie_of_its_browser() {
    let site = Site::new();
    let person = Person::default();
    let query = code_request(&[("client_id", "basic")]);
    let (login, redirects) = person.follow(&site, &query).unwrap();
    assert_eq!(redirects, 0, "opening it again does no harm");
    assert!(!login.set_cookie().contains("Max-Age"), "{}", login.set_cookie());
    let (other_tab, _) = person.follow(&site, &query).unwrap();
    assert_eq!(person.cookies.borrow().len(), 1);
    for login in [login, other_tab] {
        let decided = person.decide(&site, &FROM_HERE, &login, Decision::Approve).unwrap();
        assert_eq!(decided.drop_cookie(), None);
        assert!(pollster::block_on(site.par().complete(decided.pending())).is_ok());
    }
}

#[test]
fn a_request_object_in_the_query_is_decided_and_a_second_click_gets_its_answer() {
    let query = form([("client_id", "basic"), ("request", &object("basic", json!({ "jti": "once" })))]);
    let site = Site { server: single_use(), cookies: BindingCookies::new(ISSUER, &[7; 32]), query };
    let person = Person::default();
    let (login, _) = person.follow(&site, &site.query).unwrap();
    let decided = person.decide(&site, &FROM_HERE, &login, Decision::Approve).unwrap();
    let granted = pollster::block_on(site.par().complete(decided.pending())).unwrap();
    let response = pollster::block_on(granted.respond([("code", "c1")])).unwrap();
    let again = person.decide(&site, &FROM_HERE, &login, Decision::Approve).unwrap();
    let AuthorizeRefusal::Answered(answered) = pollster::block_on(site.par().complete(again.pending())).unwrap_err()
    else {
        panic!("the answer of the first click")
    };
    assert_eq!(answered.response().location(), response.location());
}

#[test]
fn a_bad_request_is_refused_as_ever() {
    let site = Site::new();
    for query in ["", "client_id=basic&client_id=basic", "client_id=basic&request_uri=urn:nothing"] {
        assert!(matches!(site.send("GET", &FROM_A_LINK, query, ""), Err(AuthorizeRefusal::Page(_))), "{query}");
    }
}

#[test]
fn nothing_of_a_browser_is_shown() {
    let site = Site::new();
    let person = Person::default();
    let (login, _) = person.follow(&site, &site.query).unwrap();
    let request = BrowserRequest::new("GET", [("cookie", &b"session=canary"[..])], Some("canary"), b"canary");
    let shown = format!("{request:?} {login:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("request_uri:") && !shown.contains(&login.form_token()),
        "{shown}"
    );
}
