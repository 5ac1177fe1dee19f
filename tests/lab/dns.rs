//! Questions to the lab's resolver, over UDP and TCP.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query as Question};
use hickory_proto::rr::{Name, RecordType};
use tokio::net::UdpSocket;
use waxseal::internals::lab::{Answer, Data, DnsServer, Kind, Query, Resolver, Tlsa, Zones};
use waxseal_model::scenario::DnsFaultKind;

struct Bench {
    zones: Zones,
    server: DnsServer,
    resolver: Resolver,
    asked: Arc<Mutex<Vec<Query>>>,
}

async fn bench() -> Bench {
    let zones = Zones::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let asked = asked.clone();
        Arc::new(move |query| asked.lock().unwrap().push(query))
    };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = DnsServer::start(any, zones.clone(), hook).await.unwrap();
    zones.add("c1.test", Data::Mx { preference: 20, host: "mx2.c1.test".into() }).unwrap();
    zones.add("c1.test", Data::Mx { preference: 10, host: "mx.c1.test".into() }).unwrap();
    zones.add("mx.c1.test", Data::A([127, 8, 0, 1].into())).unwrap();
    zones.add("alias.c1.test", Data::Cname("mx.c1.test".into())).unwrap();
    let resolver = Resolver::new(server.address());
    Bench { zones, server, resolver, asked }
}

fn hosts() -> Vec<(u16, String)> {
    vec![(10, "mx.c1.test".into()), (20, "mx2.c1.test".into())]
}

#[tokio::test]
async fn mail_hosts_come_in_order_and_the_hook_hears_of_it() {
    let bench = bench().await;
    let answer = bench.resolver.mx("C1.Test.").await;
    assert_eq!(answer, Answer::Records { records: hosts(), authentic: false });
    let asked = bench.asked.lock().unwrap();
    let expected =
        Query { name: "c1.test".into(), record: "MX".into(), answer: "NOERROR 2".into() };
    assert_eq!(*asked, [expected]);
}

#[tokio::test]
async fn a_signed_name_is_authentic_and_an_alias_is_followed() {
    let bench = bench().await;
    bench.zones.sign("c1.test", true);
    let answer = bench.resolver.addresses("alias.c1.test").await;
    let records = vec![IpAddr::from([127, 8, 0, 1])];
    assert_eq!(answer, Answer::Records { records, authentic: true });
    let absent = bench.resolver.tlsa("_25._tcp.mx.c1.test").await;
    assert_eq!(absent, Answer::NxDomain { authentic: true });
}

#[tokio::test]
async fn tlsa_and_long_text_survive_the_wire() {
    let bench = bench().await;
    let tlsa = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0xab; 32] };
    bench.zones.add("_25._tcp.mx.c1.test", Data::Tlsa(tlsa.clone())).unwrap();
    let text = "v=STSv1; id=".to_owned() + &"7".repeat(300);
    bench.zones.add("_mta-sts.c1.test", Data::Txt(text.clone())).unwrap();
    let answer = bench.resolver.tlsa("_25._tcp.mx.c1.test").await;
    assert_eq!(answer, Answer::Records { records: vec![tlsa], authentic: false });
    let answer = bench.resolver.txt("_mta-sts.c1.test").await;
    assert_eq!(answer, Answer::Records { records: vec![text], authentic: false });
    let answer = bench.resolver.txt("_25._tcp.mx.c1.test").await;
    assert_eq!(answer, Answer::NoData { authentic: false });
}

#[tokio::test]
async fn a_truncated_answer_is_whole_over_tcp() {
    let bench = bench().await;
    bench.zones.fault("c1.test", Kind::Mx, DnsFaultKind::Truncated);
    let answer = bench.resolver.mx("c1.test").await;
    assert_eq!(answer, Answer::Records { records: hosts(), authentic: false });
    let answers: Vec<_> =
        bench.asked.lock().unwrap().iter().map(|query| query.answer.clone()).collect();
    assert_eq!(answers, ["TRUNCATED", "NOERROR 2"]);
}

#[tokio::test]
async fn an_answer_too_large_for_udp_comes_over_tcp() {
    let bench = bench().await;
    for at in 0..200 {
        bench.zones.add("many.test", Data::A([127, 9, 0, at].into())).unwrap();
    }
    let Answer::Records { records, .. } = bench.resolver.addresses("many.test").await else {
        panic!("no records");
    };
    assert_eq!(records.len(), 200);
}

#[tokio::test]
async fn servfail_and_silence_of_one_type_leave_the_others_alone() {
    let bench = bench().await;
    bench.zones.fault("_25._tcp.mx.c1.test", Kind::Tlsa, DnsFaultKind::Servfail);
    bench.zones.fault("c1.test", Kind::Txt, DnsFaultKind::Silence);
    assert_eq!(bench.resolver.tlsa("_25._tcp.mx.c1.test").await, Answer::Failed);
    assert_eq!(bench.resolver.txt("c1.test").await, Answer::Failed);
    assert!(matches!(bench.resolver.mx("c1.test").await, Answer::Records { .. }));
    assert_eq!(bench.asked.lock().unwrap()[1].answer, "no answer");
    bench.zones.fault("c1.test", Kind::Mx, DnsFaultKind::Null);
    let answer = bench.resolver.mx("c1.test").await;
    assert_eq!(answer, Answer::Records { records: vec![(0, String::new())], authentic: false });
}

#[tokio::test]
async fn an_address_has_no_name_unless_one_was_added() {
    let bench = bench().await;
    let name = "1.0.8.127.in-addr.arpa";
    let reply = ask(&bench, name, RecordType::PTR, Bits::Neither).await;
    assert_eq!(reply.metadata.response_code.to_string(), "Non-Existent Domain");
    assert_eq!(reply.authorities.len(), 1);
    bench.zones.add(name, Data::Ptr("mx.c1.test".into())).unwrap();
    assert_eq!(ask(&bench, name, RecordType::PTR, Bits::Neither).await.answers.len(), 1);
}

#[tokio::test]
async fn ad_is_set_only_for_those_who_ask() {
    let bench = bench().await;
    for (bits, authentic) in [(Bits::Neither, false), (Bits::Ad, true), (Bits::Do, true)] {
        let reply = ask(&bench, ".", RecordType::NS, bits).await;
        assert_eq!(reply.metadata.authentic_data, authentic);
        assert_eq!(reply.edns.is_some(), matches!(bits, Bits::Do));
        assert!(reply.metadata.recursion_available && !reply.metadata.authoritative);
        assert_eq!(reply.answers.len(), 1);
    }
}

#[derive(Clone, Copy)]
enum Bits {
    Ad,
    Do,
    Neither,
}

async fn ask(bench: &Bench, name: &str, kind: RecordType, bits: Bits) -> Message {
    let mut question = Message::new(7, MessageType::Query, OpCode::Query);
    question.metadata.authentic_data = matches!(bits, Bits::Ad);
    question.add_query(Question::query(Name::from_ascii(name).unwrap(), kind));
    if matches!(bits, Bits::Do) {
        let mut edns = Edns::new();
        edns.set_dnssec_ok(true);
        question.set_edns(edns);
    }
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&question.to_vec().unwrap(), bench.server.address()).await.unwrap();
    let mut buffer = [0; 1500];
    let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
    Message::from_vec(&buffer[..length]).unwrap()
}
