//! Attempts to speak to somebody.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use super::{Attempt, Group, Needs, attempt, attempt_if, call};

const IPV6: Needs = Needs::Setting("IPv6 may be switched off");

pub const ATTEMPTS: &[Attempt] = &[
    attempt(Group::Network, "connect by TCP", |it| {
        TcpStream::connect((Ipv4Addr::LOCALHOST, it.tcp)).map(drop)
    }),
    attempt(Group::Network, "listen for TCP", |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop)),
    attempt_if(IPV6, Group::Network, "listen for TCP over IPv6", |_| {
        TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).map(drop)
    }),
    attempt(Group::Network, "send by UDP", |it| {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.send_to(b"hello", (Ipv4Addr::LOCALHOST, it.udp)).map(drop)
    }),
    attempt(Group::Network, "connect to a Unix socket", |it| {
        UnixStream::connect(it.outside("stream")).map(drop)
    }),
    attempt(Group::Network, "connect to a Unix socket without a file", |it| {
        UnixStream::connect_addr(&it.abstract_address()?).map(drop)
    }),
    attempt(Group::Network, "listen on a Unix socket", |it| {
        UnixListener::bind(it.places().temporary.join("socket")).map(drop)
    }),
    attempt(Group::Network, "make a pair of sockets speak to somebody else", |it| {
        let (pair, _other) = UnixDatagram::pair()?;
        pair.send_to(b"hello", it.outside("datagram")).map(drop)
    }),
    attempt(Group::Network, "ask the kernel about the network", |_| {
        socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)
    }),
    attempt_if(Needs::Root, Group::Network, "make packets of its own", |_| {
        socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP)
    }),
    attempt_if(Needs::Root, Group::Network, "read the packets of others", |_| {
        socket(libc::AF_PACKET, libc::SOCK_RAW, 0)
    }),
];

fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<()> {
    let kind = kind | libc::SOCK_CLOEXEC;
    call(libc::SYS_socket, [family.into(), kind.into(), protocol.into(), 0, 0]).map(drop)
}
