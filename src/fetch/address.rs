//! Which addresses are on the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of the IPv4 registry of special-purpose addresses (RFC 6890) that are not for everybody, and what is not for one host.
const NOT_PUBLIC_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    // Carriers' networks (RFC 6598), and the metadata service of a cloud.
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    // The wire server of Azure answers each of its machines here, with secrets.
    ([168, 63, 129, 16], 32),
    // Metadata services of most clouds are in here.
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    // Relays of 6to4.
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // AMT relays, which send on what they get.
    ([192, 52, 193, 0], 24),
    // Multicast; then reserved addresses, and broadcast.
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Networks within the global unicast addresses of IPv6 that are not for everybody.
const NOT_PUBLIC_V6: [([u16; 3], u32); 4] = [
    // The protocols of the IETF: Teredo, benchmarks, AMT, ORCHID.
    ([0x2001, 0, 0], 23),
    ([0x2001, 0xdb8, 0], 32),
    // 6to4, behind which any IPv4 address can be.
    ([0x2002, 0, 0], 16),
    ([0x3fff, 0, 0], 20),
];

/// Returns `true` for the address of one host that everybody can reach. Addresses that stand for an IPv4 address count as that:
/// IPv4-mapped ones, and those of NAT64 (RFC 6052).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !NOT_PUBLIC_V4.iter().any(|(network, prefix)| {
        let differing = bits ^ u32::from_be_bytes(*network);
        differing.checked_shr(u32::BITS.saturating_sub(*prefix)).unwrap_or(0) == 0
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let bits = u128::from(address);
    if bits.checked_shr(32) == Some(NAT64) {
        return is_public_v4(Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(0)));
    }
    // Whatever is not in 2000::/3 is reserved, or of one network.
    let is_global_unicast = bits.checked_shr(125) == Some(1);
    is_global_unicast
        && !NOT_PUBLIC_V6.iter().any(|([first, second, third], prefix)| {
            let network = u128::from(Ipv6Addr::new(*first, *second, *third, 0, 0, 0, 0, 0));
            (bits ^ network).checked_shr(u128::BITS.saturating_sub(*prefix)).unwrap_or(0) == 0
        })
}

/// The first 96 bits of `64:ff9b::/96`.
const NAT64: u128 = 0x0064_ff9b << 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_everybody_can_reach_are_public() {
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700:4700::1111",
            "3ffe::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ];
        let not_public = [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.0.192",
            "192.0.2.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            // IPv4-compatible
            "::127.0.0.1",
            "::1.1.1.1",
            // IPv4-mapped
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            // IPv4-translated
            "::ffff:0:127.0.0.1",
            // NAT64
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:0:0:0:1:101:101",
            "64:ff9b:1::1.1.1.1",
            "64:ff9b:1:ffff::10.0.0.1",
            "100::1",
            // Teredo, benchmarks, ORCHID, documentation
            "2001::1",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "2001:2::1",
            "2001:3::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            // 6to4
            "2002:7f00:1::1",
            "2002:101:101::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ];
        for (addresses, expected) in [(&public[..], true), (&not_public[..], false)] {
            for address in addresses {
                assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
            }
        }
    }
}
