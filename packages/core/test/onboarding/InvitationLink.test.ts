// Links as people paste them, and what a request and its answer prove.
import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import * as Bytes from "../../src/identity/Bytes.ts"
import * as InvitationLink from "../../src/onboarding/InvitationLink.ts"
import * as JoinAnswer from "../../src/onboarding/JoinAnswer.ts"
import * as JoinRequest from "../../src/onboarding/JoinRequest.ts"
import { peer } from "../charter/fixture.ts"
import { functions as crypto, signerOf } from "../journal/nodeCrypto.ts"
import { keyOf, requestOf } from "./onboardingSite.ts"

const link: InvitationLink.InvitationLink = {
  hub: "https://hub.example:8443/team",
  hubPeer: peer(1),
  id: "0123456789abcdef",
  secret: new Uint8Array(16).fill(0xa5)
}
const text = InvitationLink.toText(link)

describe("a link", () => {
  it("[OB-1] comes back as it was made, and says nothing but the address in front of the #", () => {
    expect(InvitationLink.parse(`  ${text}\n`)).toEqual(Result.succeed(link))
    const [address, behind] = text.split("#")
    expect(address).toBe("https://hub.example:8443/team/join")
    expect(behind).toBe(`1.0123456789abcdef.${"a5".repeat(16)}.${peer(1)}`)
    expect(InvitationLink.secretBytes * 8).toBe(128)
  })

  it("[OB-1] is refused for whatever is wrong with it, and its secret is not repeated", () => {
    const problemOf = (wrong: string): string => {
      const parsed = InvitationLink.parse(wrong)
      if (Result.isSuccess(parsed)) throw new Error(`${wrong} passes`)
      expect(parsed.failure.message).not.toContain("a5a5")
      expect(parsed.failure.isRetryable).toBe(false)
      return parsed.failure.problem
    }
    const address = "does not begin with a hub's address"
    expect(problemOf("")).toContain(address)
    expect(problemOf("syncline:pair?v=1&secret=a5a5")).toContain(address)
    expect(problemOf(text.replace("https", "ftp"))).toContain(address)
    expect(problemOf(text.replace("/join#", "/pair#"))).toContain(address)
    expect(problemOf(text.replace("hub.example:8443", "hub example"))).toContain(address)
    expect(problemOf(text.split("#")[0]!)).toContain("what follows the #")
    expect(problemOf(`${text}#more`)).toContain("what follows the #")
    expect(problemOf(text.replace("#1.", "#2."))).toContain("later version")
    for (const cut of [text.slice(0, -1), text.slice(0, -60), text.replace("a5a5", "a5"), `${text}.x`, `${text}x`]) {
      expect(problemOf(cut)).toBe("it has lost a part")
    }
    expect(problemOf(text.replace("#1.0", "#1.G"))).toBe("it has lost a part")
    expect(problemOf(`${text}${" x".repeat(1_000)}`)).toContain("more than 2048 characters")
  })

  it("[OB-2] has a key pair of its own, whose public half does not tell the secret", () => {
    const { publicKey } = keyOf(link.secret)
    const other = new Uint8Array(link.secret)
    other[15]! ^= 1
    expect(Bytes.equals(keyOf(other).publicKey, publicKey)).toBe(false)
    expect(Bytes.toHex(InvitationLink.seedOf(crypto.sha256, link.secret))).toBe(
      Bytes.toHex(crypto.sha256(Bytes.concat(Bytes.utf8("syncline/invitation/v1\n"), link.secret)))
    )
    // Who has the public half only cannot ask: a signature by any other key proves nothing.
    const made = JoinRequest.make(crypto, {
      link,
      invitation: signerOf(7),
      device: signerOf(9),
      name: "eve",
      platform: "linux"
    })
    expect(JoinRequest.isProven(crypto, peer(1), publicKey, made)).toBe(false)
  })
})

describe("a request", () => {
  const key = keyOf(link.secret).publicKey
  const request = requestOf(link, { device: 9, name: "Zoë \u{1f600}" })

  it("[OB-3] is proven to that hub, and no word of it can be another", () => {
    expect(JoinRequest.isProven(crypto, peer(1), key, request)).toBe(true)
    expect(JoinRequest.isProven(crypto, peer(2), key, request)).toBe(false)
    expect(JoinRequest.isProven(crypto, peer(1), keyOf(new Uint8Array(16)).publicKey, request)).toBe(false)
    const others: ReadonlyArray<Partial<JoinRequest.JoinRequest>> = [
      { invitation: "0123456789abcdee" },
      { device: peer(10) },
      { name: "Zoe" },
      { platform: "win32" },
      { nonce: "00".repeat(16) },
      { proof: request.signature },
      { signature: request.proof },
      { proof: "00".repeat(64) },
      { signature: "00".repeat(64) }
    ]
    for (const other of others) {
      expect([other, JoinRequest.isProven(crypto, peer(1), key, { ...request, ...other })]).toEqual([other, false])
    }
    // Another device with the same link has a request of its own; neither of the two signatures serves the other.
    const second = requestOf(link, { device: 10 })
    for (const field of ["proof", "signature"] as const) {
      expect(JoinRequest.isProven(crypto, peer(1), key, { ...request, [field]: second[field] })).toBe(false)
    }
    expect(requestOf(link, { device: 9 }).nonce).not.toBe(requestOf(link, { device: 9 }).nonce)
  })

  it("[OB-4] has an answer by that hub, to it alone, with every byte as it was signed", () => {
    const answer: JoinAnswer.JoinAnswer = {
      version: 1,
      request: "00112233",
      status: "approved",
      because: null,
      space: "00112233445566778899aabbccddeeff",
      spaceName: "office",
      member: "zoe",
      role: "member"
    }
    const signed = JoinAnswer.sign(crypto, signerOf(1), request, answer)
    expect(JoinAnswer.open(crypto, peer(1), request, signed)).toEqual(answer)
    expect(JoinAnswer.open(crypto, peer(2), request, signed)).toBeUndefined()
    const again = requestOf(link, { device: 9, name: request.name })
    expect(JoinAnswer.open(crypto, peer(1), again, signed)).toBeUndefined()
    expect(JoinAnswer.open(crypto, peer(1), { ...request, device: peer(10) }, signed)).toBeUndefined()
    const forged = { ...signed, answer: signed.answer.replace("member", "owner") }
    expect(JoinAnswer.open(crypto, peer(1), request, forged)).toBeUndefined()
    expect(JoinAnswer.open(crypto, peer(1), request, { ...signed, signature: "" })).toBeUndefined()
    expect(JoinAnswer.open(crypto, peer(1), request, { ...signed, signature: "zz" })).toBeUndefined()
    // The hub itself can say nonsense; it is none of this version's answers.
    const strange = JoinAnswer.sign(crypto, signerOf(1), request, { ...answer, status: "perhaps" as "pending" })
    expect(JoinAnswer.open(crypto, peer(1), request, strange)).toBeUndefined()
  })
})
