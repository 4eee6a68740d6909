//! Proxies that a test runs: one that tunnels by CONNECT, and one of SOCKS5. Whatever they are asked for, they lead to the
//! API server, so that it can be asked by a name that leads nowhere.

use std::sync::{Arc, Mutex};

use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, copy_bidirectional,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::cluster::webhooks::hook::acceptor;
use crate::parts::ApiServer;

/// How a proxy behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It tunnels for everybody.
    Open,
    /// It tunnels for `user` with the password `hunter2`, and answers others with 407.
    Guarded,
    /// It is guarded, and speaks TLS itself.
    Secured,
    /// It answers everybody with this status.
    Refusing(u16),
    /// It says nothing.
    Silent,
    /// SOCKS5, for everybody.
    Socks,
    /// SOCKS5, for `user` with the password `hunter2`.
    SocksGuarded,
    /// SOCKS5 that leads nowhere.
    SocksRefusing,
}

/// On a loopback port of its own until it is dropped.
pub(super) struct Proxy {
    pub(super) address: String,
    /// `HOST:PORT`, as it was asked.
    asked: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub(super) async fn start(manner: Manner, server: &ApiServer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (asked, acceptor) = (Arc::default(), acceptor(server));
        let server = server.url().trim_start_matches("https://").to_owned();
        let noted = Arc::clone(&asked);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, server, acceptor) = (Arc::clone(&noted), server.clone(), acceptor.clone());
                connections.spawn(async move {
                    let _ = match manner {
                        Manner::Socks | Manner::SocksGuarded | Manner::SocksRefusing => {
                            socks(stream, manner, &noted, &server).await
                        }
                        Manner::Secured => match acceptor.accept(stream).await {
                            Ok(stream) => tunnel(stream, manner, &noted, &server).await,
                            Err(refused) => Err(refused),
                        },
                        Manner::Open | Manner::Guarded | Manner::Refusing(_) | Manner::Silent => {
                            tunnel(stream, manner, &noted, &server).await
                        }
                    };
                });
            }
        });
        Self { address, asked, accepting }
    }

    /// What it was asked for, once each.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.dedup();
        asked
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections go with it.
        self.accepting.abort();
    }
}

async fn tunnel(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    manner: Manner,
    asked: &Mutex<Vec<String>>,
    server: &str,
) -> std::io::Result<()> {
    let mut stream = BufStream::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() || head.len() > 100 {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let target = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
    assert!(head[0].starts_with("CONNECT "), "{head:?}");
    asked.lock().unwrap().push(target);
    // `user:hunter2`.
    let known =
        head.iter().any(|line| line.eq_ignore_ascii_case("proxy-authorization: basic dXNlcjpodW50ZXIy"));
    let status = match manner {
        Manner::Refusing(status) => status,
        Manner::Guarded | Manner::Secured if !known => 407,
        Manner::Silent => return std::future::pending().await,
        Manner::Open
        | Manner::Guarded
        | Manner::Secured
        | Manner::Socks
        | Manner::SocksGuarded
        | Manner::SocksRefusing => 200,
    };
    stream.write_all(format!("HTTP/1.1 {status} So\r\n\r\n").as_bytes()).await?;
    stream.flush().await?;
    if status == 200 {
        let mut server = TcpStream::connect(server).await?;
        copy_bidirectional(&mut stream, &mut server).await?;
    }
    Ok(())
}

async fn socks(
    mut stream: TcpStream,
    manner: Manner,
    asked: &Mutex<Vec<String>>,
    server: &str,
) -> std::io::Result<()> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await?;
    let mut methods = vec![0; greeting[1].into()];
    stream.read_exact(&mut methods).await?;
    if manner == Manner::SocksGuarded {
        if !methods.contains(&2) {
            return stream.write_all(&[5, 0xFF]).await;
        }
        stream.write_all(&[5, 2]).await?;
        let mut said = Vec::new();
        assert_eq!(stream.read_u8().await?, 1, "the version of RFC 1929");
        for _ in 0..2 {
            let mut part = vec![0; stream.read_u8().await?.into()];
            stream.read_exact(&mut part).await?;
            said.push(String::from_utf8(part).unwrap());
        }
        let known = said == ["user", "hunter2"];
        stream.write_all(&[1, if known { 0 } else { 1 }]).await?;
        if !known {
            return Ok(());
        }
    } else {
        stream.write_all(&[5, 0]).await?;
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await?;
    let host = match request[3] {
        1 => {
            let mut ip = [0; 4];
            stream.read_exact(&mut ip).await?;
            std::net::Ipv4Addr::from(ip).to_string()
        }
        _ => {
            let mut name = vec![0; stream.read_u8().await?.into()];
            stream.read_exact(&mut name).await?;
            String::from_utf8(name).unwrap()
        }
    };
    let port = stream.read_u16().await?;
    asked.lock().unwrap().push(format!("{host}:{port}"));
    let refused = manner == Manner::SocksRefusing;
    // 2: not allowed by its rules.
    stream.write_all(&[5, if refused { 2 } else { 0 }, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    if !refused {
        let mut server = TcpStream::connect(server).await?;
        copy_bidirectional(&mut stream, &mut server).await?;
    }
    Ok(())
}
