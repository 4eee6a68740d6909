//! The page in a real browser: it loads nothing, complains of nothing, and its filters, keys and views work.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{repository, review};
use crate::parts::tools;

/// A page in a browser that ends with this value. It speaks the DevTools protocol over two pipes.
struct Browser {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// What the page complained of.
    complaints: Vec<String>,
    /// What it asked for.
    requests: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    fn open(program: &Path, file: &Path) -> Self {
        let profile = TempDir::new().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "exec timeout 120 \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--window-size=1400,1000",
            ])
            .args([
                "--remote-debugging-pipe",
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (ask, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (complaints, requests) = (Vec::new(), Vec::new());
        let mut browser =
            Self { child, ask, answers, session: None, last: 0, complaints, requests, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Runtime", "Log", "Network", "Page"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.go(file);
        browser
    }

    fn go(&mut self, file: &Path) {
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        while self.next()["method"] != "Page.loadEventFired" {}
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        write!(self.ask, "{message}\0").unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser ended");
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        let params = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => {
                self.complaints.push(params.to_string());
            }
            "Network.requestWillBeSent" => {
                self.requests.push(params["request"]["url"].as_str().unwrap().to_owned());
            }
            _ => {}
        }
        message
    }

    /// What an expression comes to, once the page had time to do what it puts off.
    fn eval(&mut self, expression: &str) -> Value {
        let later = format!(
            "(async () => {{ const value = (() => {{ {expression} }}); const first = value(); \
             await new Promise((done) => setTimeout(done, 250)); return first; }})()"
        );
        let params = json!({ "expression": later, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    #[track_caller]
    fn check(&mut self, expression: &str, value: impl Into<Value>) {
        assert_eq!(self.eval(&format!("return {expression};")), value.into(), "{expression}");
    }

    /// The same at once: where scripts are off, nothing happens later.
    #[track_caller]
    fn check_now(&mut self, expression: &str, value: impl Into<Value>) {
        let answer =
            self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert_eq!(answer["result"]["value"], value.into(), "{expression}: {answer}");
    }

    fn press(&mut self, key: &str) {
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": key }));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends by itself when its pipe does; this is for one that hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SHOWN: &str = "document.getElementById('shown').textContent";
const CLICK: &str = "const click = (value) => document.querySelector(`input[value='${value}']`).click();";

#[test]
fn the_page_works_in_a_browser() {
    let Some(program) = tools::chromium() else { return };
    let folder = repository();
    let file = folder.path().join("review.html");
    let output = review(folder.path(), &["--format", "html", "--output", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let mut page = Browser::open(&program, &file);

    page.check(SHOWN, "5 objects");
    page.eval("const text = document.getElementById('text'); text.value = 'SHOP/web 1.5'; text.dispatchEvent(new Event('input'));");
    page.check(SHOWN, "2 of 5 objects");
    page.eval(&format!("{CLICK} click('e0');"));
    page.check(SHOWN, "1 of 5 objects");
    page.check("document.getElementById('e1').hidden && document.querySelector('.tree a[href=\"#e1\"]').closest('li').hidden", true);
    page.eval("document.getElementById('clear').click();");
    page.check(SHOWN, "5 objects");
    page.eval(&format!("{CLICK} click('data-loss'); click('secret');"));
    page.check(SHOWN, "2 of 5 objects");
    page.press("x");
    page.eval(&format!("{CLICK} click('delete');"));
    page.check("[...document.querySelectorAll('.object:not([hidden]) .object-name')].map((name) => name.textContent).join()", "shop/data");
    page.press("x");

    let row = "getComputedStyle(document.querySelector('.diff:not(.whole) .row')).display";
    page.check(row, "grid");
    page.press("v");
    page.check(row, "block");
    page.press("v");
    page.check("getComputedStyle(document.querySelector('.fields')).display", "table");
    page.press("v");

    page.press("c");
    page.check("document.querySelectorAll('.object[open]').length", 0);
    page.press("j");
    page.check("document.activeElement.closest('.object').id", "e0u0o0");
    page.press("j");
    page.check("document.activeElement.closest('.object').id", "e0u0o1");
    page.press("p");
    page.check("document.activeElement.closest('.object').id", "e0u0o0");
    page.eval("location.hash = '#e1u0o1';");
    page.check("document.querySelectorAll('.object[open]').length", 1);
    page.press("t");
    page.press("t");
    page.check("getComputedStyle(document.documentElement).colorScheme", "dark");
    page.press("?");
    page.check("document.getElementById('help').open", true);

    page.check("document.title.startsWith('Cannot land yet')", true);
    assert_eq!(page.complaints, Vec::<String>::new());
    assert!(
        page.requests.iter().all(|url| *url == format!("file://{}", file.display())),
        "{:?}",
        page.requests
    );

    // Even markup that got in would do nothing.
    page.eval("const script = document.createElement('script'); try { script.textContent = 'window.in = 1'; } catch {} document.body.append(script);");
    page.eval("const image = document.createElement('img'); image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='; image.onload = () => { window.in = 1; }; document.body.append(image);");
    page.check("window.in === undefined", true);
    assert!(!page.complaints.is_empty());
}

#[test]
fn the_page_reads_without_its_script() {
    let Some(program) = tools::chromium() else { return };
    let folder = repository();
    let file = folder.path().join("review.html");
    review(folder.path(), &["--format", "html", "--output", file.to_str().unwrap()]);
    let mut page = Browser::open(&program, &file);
    page.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    page.go(&file);
    let visible = |selector: &str| format!("document.querySelector('{selector}').checkVisibility()");
    for (selector, there) in [
        ("h1", true),
        (".views", true),
        (".object .diff", true),
        (".filters", false),
        (".tools", false),
        ("#text", false),
    ] {
        page.check_now(&visible(selector), there);
    }
    let row = "getComputedStyle(document.querySelector('.diff:not(.whole) .row')).display";
    page.check_now(row, "grid");
    page.check_now("document.getElementById('view-inline').click()", Value::Null);
    page.check_now(row, "block");
}
