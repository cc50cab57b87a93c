//! The cookies that bind a request to a browser: a browser that asks twice at once is one browser.

use parjar::{AuthorizeRefusal, BindingCookie, BindingCookies, Pending, Reason};

use crate::{
    host::page,
    support::{ISSUER, Server, code_request},
};

const KEY: [u8; 32] = [7; 32];

struct Login {
    server: Server,
    handle: String,
    cookies: BindingCookies,
}

impl Login {
    fn new() -> Self {
        let server = Server::new();
        let handle = server.pushed(&code_request(&[]));
        Self { server, handle, cookies: BindingCookies::new(ISSUER, &KEY) }
    }

    fn query(&self) -> String {
        format!("client_id=basic&request_uri={}", self.handle)
    }

    fn read(&self, cookies: &str) -> BindingCookie {
        self.cookies.read(&self.handle, cookies).unwrap()
    }

    fn open(&self, query: &str, cookie: &BindingCookie) -> Result<Pending, AuthorizeRefusal> {
        pollster::block_on(self.server.par.authorize(query, cookie.browser()))
    }

    /// Opens the request in a browser that has sent these cookies, and gives the one that it is bound to.
    fn visit(&self, cookies: &str) -> Result<BindingCookie, AuthorizeRefusal> {
        let cookie = self.read(cookies);
        let pending = self.open(&self.query(), &cookie)?;
        Ok(cookie.of(&pending))
    }

    /// The cookie that a browser without one is sent back with.
    fn sent_back(&self) -> String {
        let cookie = self.read("");
        assert!(cookie.query_of_return(&self.query()).is_some());
        pair(&cookie.to_set(600)).to_owned()
    }
}

fn pair(header: &str) -> &str {
    header.split(';').next().unwrap()
}

fn id(pair: &str) -> &str {
    pair.split_once('=').unwrap().1.split('.').next().unwrap()
}

#[test]
fn a_browser_without_a_cookie_is_sent_back_with_one_before_it_opens_the_request() {
    let login = Login::new();
    let first = login.read("");
    assert!(!first.is_sent());
    let query = first.query_of_return(&login.query()).unwrap();
    assert!(query.starts_with(&format!("{}&", login.query())), "{query}");

    let returned = login.read(pair(&first.to_set(600)));
    assert!(returned.is_sent());
    assert_eq!(returned.query_of_return(&query), Some(login.query()), "the address is what it was");
    assert_eq!(returned.query_of_return(&login.query()), None);
    assert!(login.open(&login.query(), &returned).is_ok());
}

#[test]
fn a_browser_that_keeps_no_cookies_sees_the_page_when_it_has_returned() {
    let login = Login::new();
    let query = login.read("").query_of_return(&login.query()).unwrap();
    let cookie = login.read("");
    assert_eq!(cookie.query_of_return(&query), None);
    assert!(login.open(&query, &cookie).is_ok());
}

#[test]
fn a_query_that_could_break_out_of_a_header_is_not_sent_back() {
    let login = Login::new();
    for end in ["\r\nset-cookie: a=b", "\n", "#fragment", " ", "é", "\0"] {
        let query = format!("{}{end}", login.query());
        assert_eq!(login.read("").query_of_return(&query), None, "{end:?}");
        let returned = format!("{query}&parjar_visit=2");
        assert_eq!(login.read(&login.sent_back()).query_of_return(&returned), None, "{end:?}");
    }
}

#[test]
fn first_visits_at_once_that_were_sent_back_are_visits_of_one_browser_in_any_order() {
    let orders: [&[&[usize]]; 6] = [
        // The second answer came after the first visit had returned.
        &[&[0], &[0, 1]],
        &[&[0, 1], &[0]],
        &[&[0, 1], &[0, 1]],
        &[&[0], &[0, 1], &[0, 1, 2]],
        &[&[0, 1, 2], &[0], &[0, 1]],
        // Browsers may send them in another order than they came in.
        &[&[1], &[0, 1], &[2, 0, 1]],
    ];
    for order in orders {
        let login = Login::new();
        let sent_back = [(); 3].map(|()| login.sent_back());
        let header = |sent: &[usize]| sent.iter().map(|at| sent_back[*at].as_str()).collect::<Vec<_>>().join("; ");
        let opened: Vec<_> =
            order.iter().map(|sent| pair(&login.visit(&header(sent)).unwrap().to_set(600)).to_owned()).collect();
        assert!(opened.iter().all(|cookie| *cookie == opened[0]), "{order:?}");
    }
}

#[test]
fn the_second_of_two_clicks_opens_the_request_when_the_first_has_gone_nowhere() {
    let login = Login::new();
    let dropped = login.sent_back();
    let kept = login.sent_back();
    assert_ne!(dropped, kept);
    let cookie = login.visit(&kept).unwrap();
    assert_eq!(id(pair(&cookie.to_set(600))), id(&kept));
}

#[test]
fn another_browser_is_refused_with_a_cookie_of_its_own_or_without() {
    let login = Login::new();
    login.visit(&login.sent_back()).unwrap();
    for cookies in [login.sent_back(), String::new(), format!("{}; {}", login.sent_back(), login.sent_back())] {
        assert_eq!(page(login.visit(&cookies)).reason(), Reason::OtherBrowser);
    }
}

#[test]
fn a_browser_keeps_its_cookie_among_others() {
    let login = Login::new();
    let cookie = pair(&login.visit("").unwrap().to_set(600)).to_owned();
    let again = login.visit(&format!("other=1; {cookie};a=b")).unwrap();
    assert_eq!(pair(&again.to_set(600)), cookie);
}

#[test]
fn a_request_is_open_to_its_browser_on_nodes_with_other_keys_too() {
    let login = Login::new();
    let cookie = pair(&login.visit("").unwrap().to_set(600)).to_owned();
    let other = BindingCookies::new(ISSUER, &[8; 32]).read(&login.handle, &cookie).unwrap();
    assert!(login.open(&login.query(), &other).is_ok());
}

#[test]
fn tabs_with_two_requests_have_a_cookie_each() {
    let login = Login::new();
    let cookie = login.sent_back();
    assert!(login.cookies.read("urn:other", &cookie).unwrap().query_of_return("request_uri=urn:other").is_some());
    assert!(login.read(&cookie).is_sent());
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_hosts() {
    let [secure, plain] = [ISSUER, "http://127.0.0.1:3000"].map(|issuer| {
        let cookie = BindingCookies::new(issuer, &KEY).read("urn:1", "").unwrap();
        assert!(!format!("{cookie:?}").contains(id(pair(&cookie.to_drop()))));
        cookie.to_set(600)
    });
    assert!(secure.starts_with("__Host-parjar-"), "{secure}");
    assert!(secure.ends_with("; Path=/; Max-Age=630; HttpOnly; SameSite=Lax; Secure"), "{secure}");
    assert!(plain.starts_with("parjar-") && plain.ends_with("; SameSite=Lax"), "{plain}");
}

#[test]
fn a_form_is_of_the_browser_that_was_given_its_page() {
    let login = Login::new();
    let [one, two] = [(); 2].map(|()| login.sent_back());
    let page = login.visit(&one).unwrap();
    let token = page.form_token();
    assert!(!page.to_set(600).contains(&token));

    let cookie = page.to_set(600);
    for sent in [pair(&cookie).to_owned(), one.clone(), format!("{two}; {}", pair(&cookie))] {
        let form = login.read(&sent).of_form(&token).unwrap();
        assert_eq!(id(pair(&form.to_drop())), id(&one));
        assert!(login.open(&login.query(), &form).is_ok());
    }
    assert!(login.read(&two).of_form(&token).is_none(), "another browser");
    assert!(login.read("").of_form(&token).is_none(), "no cookie");
    let unsent = login.read("");
    let own = unsent.form_token();
    assert!(unsent.of_form(&own).is_none(), "a cookie that was not sent");
    for wrong in ["", "x", &token[1..], &token.to_lowercase()] {
        assert!(login.read(pair(&cookie)).of_form(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn what_does_not_look_like_a_cookie_of_this_server_counts_as_none() {
    let login = Login::new();
    let cookie = login.sent_back();
    let (name, value) = cookie.split_once('=').unwrap();
    let (start, _) = name.rsplit_once('-').unwrap();
    for other in [
        format!("{name}="),
        format!("{name}={}", &value[1..]),
        format!("{name}={value}x"),
        format!("{name}={}", "é".repeat(30)),
        format!("{name}={}", value.to_lowercase()),
        format!("{start}={value}"),
        format!("x{name}={value}"),
        value.to_owned(),
    ] {
        assert!(!login.read(&other).is_sent(), "{other}");
    }
}
