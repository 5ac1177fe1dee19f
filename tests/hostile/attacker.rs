//! A relay that means harm. It is this program once more, started by a driver with the name of an
//! attack.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// What a CI system, a terminal or a reader obeys.
pub const OBEYED: &str = "::error::x \u{1b}[31m\u{1b}]0;t\u{7} \u{202e}turned\u{2066} \u{9b}2J \
                          \u{2028}::warning::y ##vso[task.x] ![i](http://x.test/i) @name";

/// Plays an attack until it is ended.
pub fn play(attack: &str) -> ExitCode {
    let lab = Lab::read();
    let place = lab.dir.join("relay.log");
    match attack {
        "prints" => drop(thread::spawn(|| {
            let line = [b'x'; 4096];
            while std::io::stdout().write_all(&line).is_ok() {}
        })),
        "fifo" => replace(&place, |path| {
            let path = std::ffi::CString::new(path.as_os_str().as_bytes()).expect("a path");
            // SAFETY: a string that ends.
            unsafe { libc::mkfifo(path.as_ptr(), 0o600) };
        }),
        "device" => replace(&place, |path| {
            std::os::unix::fs::symlink("/dev/zero", path).expect("a link can be made");
        }),
        "secret" => replace(&place, |path| {
            std::os::unix::fs::symlink("/etc/passwd", path).expect("a link can be made");
        }),
        "last-words" => eprintln!("{OBEYED}\n  {OBEYED}"),
        _ => {}
    }
    let ends = matches!(attack, "fifo" | "device" | "secret" | "last-words");
    let listeners: Vec<_> = lab.listen.iter().map(TcpListener::bind).collect();
    for listener in listeners {
        let listener = listener.expect("the lab's address is free");
        let (lab, attack) = (lab.clone(), attack.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (lab, attack) = (lab.clone(), attack.clone());
                thread::spawn(move || serve(stream, &lab, &attack));
            }
        });
    }
    if ends {
        // Long enough to be found, short enough to end while cases are played.
        thread::sleep(Duration::from_secs(2));
        return ExitCode::from(7);
    }
    loop {
        thread::park();
    }
}

/// Writes one file after the other, each without end, with a pause after each 64 KiB.
fn fill(dir: &std::path::Path, pause: Duration) {
    // A write over the bound of a file is an error then, and does not end us.
    // SAFETY: numbers only.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let piece = [b'x'; 1 << 16];
    for number in 0.. {
        let Ok(mut file) = std::fs::File::create(dir.join(format!("spool-{number}"))) else {
            return;
        };
        while file.write_all(&piece).is_ok() {
            thread::sleep(pause);
        }
    }
}

/// Makes directories within directories, and files without content.
fn scatter(dir: &std::path::Path) {
    for number in 0.. {
        let below = dir.join(format!("{}/{}", number % 7, number % 4096));
        let _ = std::fs::create_dir_all(&below);
        if std::fs::write(below.join(number.to_string()), "").is_err() {
            return;
        }
    }
}

fn replace(path: &std::path::Path, with: impl FnOnce(&std::path::Path)) {
    let _ = std::fs::remove_file(path);
    with(path);
}

/// What the attacker needs of `lab.json`.
#[derive(Clone)]
struct Lab {
    dir: PathBuf,
    listen: Vec<SocketAddr>,
    dns: SocketAddr,
    smtp_port: u16,
}

impl Lab {
    fn read() -> Self {
        let path = std::env::var_os("WAXSEAL_LAB").expect("the lab is told");
        let text = std::fs::read_to_string(path).expect("the lab can be read");
        let lab: Value = serde_json::from_str(&text).expect("the lab is JSON");
        let at = |of: &Value| -> SocketAddr {
            let address: IpAddr = text_of(&of["address"]).parse().expect("an address");
            SocketAddr::new(address, number_of(&of["port"]))
        };
        Self {
            dir: text_of(&lab["dir"]).into(),
            listen: lab["listen"].as_array().expect("a list").iter().map(at).collect(),
            dns: at(&lab["dns"]),
            smtp_port: number_of(&lab["smtp_port"]),
        }
    }

    /// The address of the first next hop of a domain.
    fn next_hop(&self, domain: &str) -> Option<SocketAddr> {
        let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(3))).ok()?;
        socket.send_to(&question(&format!("mx.{domain}")), self.dns).ok()?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).ok()?;
        let [.., a, b, c, d] = answer[..length] else { return None };
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), self.smtp_port))
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number_of(value: &Value) -> u16 {
    value.as_u64().and_then(|number| number.try_into().ok()).expect("a port")
}

/// A question for an address (RFC 1035 section 4.1).
fn question(name: &str) -> Vec<u8> {
    let mut bytes = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a short label"));
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.extend_from_slice(&[0, 0, 1, 0, 1]);
    bytes
}

/// One connection of a sender.
fn serve(stream: TcpStream, lab: &Lab, attack: &str) {
    let _ = match attack {
        "silent" | "fifo" | "device" | "secret" | "last-words" => hold(stream),
        attack => speak(stream, lab, attack),
    };
}

/// As a host of `scan` is: nothing is known of a lab.
pub fn host(stream: TcpStream, attack: &str) {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let lab = Lab { dir: PathBuf::new(), listen: Vec::new(), dns: nowhere, smtp_port: 9 };
    serve(stream, &lab, attack);
}

fn hold(mut stream: TcpStream) -> std::io::Result<()> {
    std::io::copy(&mut stream, &mut std::io::sink()).map(drop)
}

fn speak(mut stream: TcpStream, lab: &Lab, attack: &str) -> std::io::Result<()> {
    let long = vec![b'x'; 60_000];
    let fat = |stream: &mut TcpStream, code: &str| {
        for _ in 0..254 {
            write!(stream, "{code}-")?;
            stream.write_all(&long)?;
            stream.write_all(b"\r\n")?;
        }
        write!(stream, "{code} end\r\n")
    };
    match attack {
        "greeting-fat" => loop {
            stream.write_all(b"220-")?;
            stream.write_all(&long)?;
            stream.write_all(b"\r\n")?;
        },
        "greeting-endless" => loop {
            stream.write_all(b"220-\r\n")?;
        },
        "line-endless" => loop {
            stream.write_all(&long)?;
        },
        "replies-fat" => fat(&mut stream, "220")?,
        _ => stream.write_all(b"220 hostile\r\n")?,
    }
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut recipient = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match (verb.as_str(), attack) {
            ("EHLO", "ehlo-endless") => loop {
                stream.write_all(b"250-EXTENSION\r\n")?;
            },
            ("EHLO", "fills") => fill(&lab.dir, Duration::from_millis(1)),
            ("EHLO", "fills-at-once") => fill(&lab.dir, Duration::ZERO),
            ("EHLO", "scatters") => scatter(&lab.dir),
            ("EHLO", "unasked") => loop {
                stream.write_all(b"250 STARTTLS\r\n")?;
            },
            (_, "replies-fat") => fat(&mut stream, "250")?,
            ("RCPT", _) => {
                recipient =
                    line.split('<').nth(1).and_then(|to| to.split('>').next()).unwrap_or("").into();
                stream.write_all(b"250 ok\r\n")?;
            }
            ("DATA", _) => {
                stream.write_all(b"354 go ahead\r\n")?;
                while lines.read_line(&mut line)? > 0 && !line.ends_with("\r\n.\r\n") {}
                stream.write_all(b"250 taken\r\n")?;
                let domain = recipient.split('@').nth(1).unwrap_or_default().to_owned();
                let (lab, attack) = (lab.clone(), attack.to_owned());
                thread::spawn(move || outbound(&lab, &attack, &domain));
            }
            ("STAR", _) => stream.write_all(b"454 no\r\n")?,
            ("QUIT", _) => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 ok\r\n")?,
        }
    }
}

/// What it does with a message for this domain.
fn outbound(lab: &Lab, attack: &str, domain: &str) -> std::io::Result<()> {
    let hop = || lab.next_hop(domain).ok_or(std::io::Error::from(ErrorKind::NotFound));
    match attack {
        "hop-lines" => {
            let line = [vec![b'x'; 60_000], b"\r\n".to_vec()].concat();
            loop {
                let mut stream = TcpStream::connect(hop()?)?;
                while stream.write_all(&line).is_ok() {}
            }
        }
        "hop-short-lines" => loop {
            let mut stream = TcpStream::connect(hop()?)?;
            while stream.write_all(b"NOOP\r\n").is_ok() {}
        },
        "hop-content" => {
            let mut stream = TcpStream::connect(hop()?)?;
            stream.write_all(b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")?;
            while stream.write_all(&[b'x'; 60_000]).is_ok() {}
            Ok(())
        }
        "hop-once" => TcpStream::connect(hop()?).map(drop),
        "hop-connections" => {
            let mut held = Vec::new();
            let at = hop()?;
            while held.len() < 2000 {
                match TcpStream::connect_timeout(&at, Duration::from_millis(200)) {
                    Ok(stream) => held.push(stream),
                    Err(_) => thread::sleep(Duration::from_millis(50)),
                }
            }
            loop {
                thread::park();
            }
        }
        "dns-udp" => {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            for number in 0_u64.. {
                let name = format!("{}.n{number}.mx.{domain}", "x".repeat(60));
                socket.send_to(&question(&name), lab.dns)?;
            }
            Ok(())
        }
        "dns-tcp" => {
            let mut held: Vec<_> =
                (0..200).filter_map(|_| TcpStream::connect(lab.dns).ok()).collect();
            let bytes = question(&format!("mx.{domain}"));
            let framed =
                [&u16::try_from(bytes.len()).expect("short").to_be_bytes()[..], &bytes].concat();
            loop {
                for stream in &mut held {
                    let _ = stream.set_nonblocking(true);
                    let _ = stream.write(&framed);
                    let _ = stream.read(&mut [0; 4096]);
                }
            }
        }
        _ => Ok(()),
    }
}
