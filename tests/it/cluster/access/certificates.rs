//! Client certificates, in files and in the kubeconfig.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::*;

fn data(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

#[tokio::test]
async fn a_client_certificate_counts_in_files_and_as_data() {
    let Some(desk) = Desk::new().await else { return };
    let signed = Authority::of_clients().administrator();
    let (certificate, key) = (desk.file("c.crt", &signed.certificate), desk.file("c.key", &signed.key));
    let files = json!({ "client-certificate": certificate, "client-key": key });
    assert_eq!(desk.ask_as(files).await, ANSWERS);
    let beside = json!({ "client-certificate": "c.crt", "client-key": "c.key" });
    assert_eq!(desk.ask_as(beside).await, ANSWERS);
    let inline = json!({
        "client-certificate-data": data(&signed.certificate), "client-key-data": data(&signed.key),
    });
    assert_eq!(desk.ask_as(inline).await, ANSWERS);
    // Data wins over files, and one file may hold both.
    let both = desk.file("both.pem", format!("{}{}", signed.certificate, signed.key));
    let one = json!({ "client-certificate": both, "client-key": both });
    assert_eq!(desk.ask_as(one).await, ANSWERS);
    let mixed = json!({
        "client-certificate": "absent", "client-certificate-data": data(&signed.certificate), "client-key": key,
    });
    assert_eq!(desk.ask_as(mixed).await, ANSWERS);
}

#[tokio::test]
async fn a_certificate_says_who_somebody_is_and_not_what_they_may_do() {
    let Some(desk) = Desk::new().await else { return };
    let signed = Authority::of_clients().client("nobody-in-particular", "developers");
    let user = json!({
        "client-certificate-data": data(&signed.certificate), "client-key-data": data(&signed.key),
    });
    assert_snapshot!(desk.ask_as(user).await, @"when asked: the cluster refused to tell (get namespaces): the account may not get `namespaces` in namespace `kube-system`");
    let signed = Authority::new("somebody else").administrator();
    let user = json!({
        "client-certificate-data": data(&signed.certificate), "client-key-data": data(&signed.key),
    });
    assert_snapshot!(desk.ask_as(user).await, @"when asked: the cluster refused to tell (get namespaces): the credentials are not accepted");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_told_at_the_start() {
    let Some(desk) = Desk::new().await else { return };
    let (signed, other) = (Authority::of_clients().administrator(), Authority::of_clients().administrator());
    let (certificate, key) = (data(&signed.certificate), data(&signed.key));
    let users = [
        json!({ "client-certificate": "absent.crt", "client-key-data": key }),
        json!({ "client-certificate-data": certificate, "client-key": "absent.key" }),
        json!({ "client-certificate-data": certificate }),
        json!({ "client-key-data": key }),
        json!({ "client-certificate-data": "hunter2!", "client-key-data": key }),
        json!({ "client-certificate-data": data("hunter2"), "client-key-data": key }),
        json!({ "client-certificate-data": certificate, "client-key-data": "hunter2!" }),
        json!({ "client-certificate-data": certificate, "client-key-data": data("hunter2") }),
        json!({ "client-certificate-data": certificate, "client-key-data": data(&other.key) }),
    ];
    let mut all = Vec::new();
    for user in users {
        all.push(desk.ask_as(user).await);
    }
    let all = all.join("\n");
    assert!(!all.contains("hunter2"), "{all}");
    assert_snapshot!(all, @r"
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `client-certificate` of its user names the file `FOLDER/absent.crt`, which cannot be read (No such file or directory (os error 2))
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `client-key` of its user names the file `FOLDER/absent.key`, which cannot be read (No such file or directory (os error 2))
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its user has a `client-certificate` and no `client-key`
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its user has a `client-key` and no `client-certificate`
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `client-certificate-data` of its user is not base64
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its client certificate is no certificate in PEM
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `client-key-data` of its user is not base64
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its client key is no private key in PEM without a passphrase
    at the start: cluster `test`: cannot prepare a client for it: its client key does not belong to its client certificate, or is of a kind that is not known here
    ");
}
