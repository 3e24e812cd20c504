import { describe, expect, it } from "vitest";
import { isAllowed } from "../../../../core/vcon/fetch/addresses.ts";

const cases: [kind: string, addresses: string][] = [
  ["this network", "0.0.0.0 0.255.255.255 ::"],
  ["link-local", "169.254.0.0 169.254.169.254 fe80::1 febf::1 fe80::1%lo"],
  ["multicast", "224.0.0.1 239.255.255.255 ff02::1"],
  ["reserved", "240.0.0.1 255.255.255.255 192.0.0.1 192.88.99.1 198.18.0.1 198.19.255.255 4000::1 5f00::1"],
  ["documentation", "192.0.2.1 198.51.100.1 203.0.113.255 2001:db8::1 3fff::1"],
  ["mapped or translated IPv4", "::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 ::7f00:1 64:ff9b::a00:1"],
  ["locally translated IPv4", "64:ff9b:1::a00:1"],
  ["tunnelled IPv4", "2001::1 2002:7f00:1::1"],
  ["discard-only and site-local", "100::1 fec0::1"],
  ["no address", "localhost 127.1 0x7f000001 2130706433 010.0.0.1 1.2.3.4.5 :::"],
];

const own: [kind: string, addresses: string][] = [
  ["loopback", "127.0.0.1 127.255.255.255 ::1 0:0:0:0:0:0:0:1"],
  ["private", "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255"],
  ["shared", "100.64.0.1 100.127.255.255"],
  ["unique-local", "fc00::1 fdff:ffff::1"],
];

describe("an address", () => {
  it.each(cases)("that is %s is never allowed", (_, addresses) => {
    for (const address of addresses.split(" ")) {
      expect([address, isAllowed(address, false), isAllowed(address, true)]).toEqual([address, false, false]);
    }
  });

  it.each(own)("that is %s is allowed only where private ones are", (_, addresses) => {
    for (const address of addresses.split(" ")) {
      expect([address, isAllowed(address, false), isAllowed(address, true)]).toEqual([address, false, true]);
    }
  });

  it("of the public internet is allowed, also beside the networks that are not", () => {
    const addresses =
      "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 223.255.255.255 2000::1 2001:200::1 2001:db7:ffff::1 2001:db9::1 2003::1 2606:4700::1111 3ffe::1 3fff:1000::1";
    for (const address of addresses.split(" ")) {
      expect([address, isAllowed(address, false), isAllowed(address, true)]).toEqual([address, true, true]);
    }
  });
});
