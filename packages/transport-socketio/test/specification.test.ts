import { expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { reasons } from "../src/Refusal.ts"
import { Decoder, decode, encode, PacketRefused } from "../src/SocketIoParser.ts"

it("[SIO-19] the refusals of code and specification are the same", () => {
  const text = readFileSync(new URL("../SPEC.md", import.meta.url), "utf8")
  const section = text.slice(text.indexOf("## Refusals"), text.indexOf("## Rules"))
  expect([...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map((row) => row[1])).toEqual([...reasons])
})

it("[SIO-16] a packet is its type byte and its payload", () => {
  expect([...encode({ type: 0, nsp: "/" })]).toEqual([0])
  expect([...encode({ type: 2, nsp: "/", data: ["f", Uint8Array.of(7, 8)] })]).toEqual([2, 7, 8])
  expect(decode(Uint8Array.of(2, 7, 8))).toMatchObject({ type: 2, data: ["f", Uint8Array.of(7, 8)] })
})

it("[SIO-1] the decoder throws one kind of error and only the encoder's caller can break the encoder", () => {
  for (const message of [
    "text",
    "",
    undefined,
    null,
    {},
    [],
    new Uint8Array(0),
    Uint8Array.of(1),
    Uint8Array.of(0, 0)
  ]) {
    expect(() => new Decoder().add(message)).toThrow(PacketRefused)
  }
  expect(() => encode({ type: 1, nsp: "/" })).toThrow(TypeError)
  expect(() => encode({ type: 2, nsp: "/", data: ["f", "text"] })).toThrow(TypeError)
  expect(() => encode({ type: 0, nsp: "/admin" })).toThrow(TypeError)
})
