// One run of a pairing between two devices, and everything that must end it.
import { describe, expect, it } from "vitest"
import * as PairingCode from "../../src/pairing/PairingCode.ts"
import * as Message from "../../src/pairing/PairingMessage.ts"
import { PairingSeal } from "../../src/pairing/PairingSeal.ts"
import { PairingSession } from "../../src/pairing/PairingSession.ts"
import { crypto, signerOf } from "../nodeCrypto.ts"
import { converse, Device } from "./pairOfDevices.ts"

const [laptop, phone] = [signerOf(1), signerOf(2)]
const code = PairingCode.ofDigits(482, "12345678")
const link: PairingCode.PairingCode = { slot: 482, kind: "link", secret: new Uint8Array(16).fill(3) }
const wrong = PairingCode.ofDigits(482, "12345679")

const meet = (theirs = code, codes: ReadonlyArray<PairingCode.PairingCode> = [code, link], more = {}) => {
  const inviter = Device.inviter(crypto, laptop, codes, more)
  const joiner = Device.joiner(crypto, phone, theirs)
  converse(inviter, joiner)
  return { inviter, joiner }
}

describe("two devices with one code", () => {
  it("[PR-1] prove their keys to each other, show one number, and the joiner gets what was granted", () => {
    for (const theirs of [code, link]) {
      const { inviter, joiner } = meet(theirs)
      expect(inviter.shown?.checkNumber).toMatch(/^\d{4}$/)
      expect(joiner.shown?.checkNumber).toBe(inviter.shown?.checkNumber)
      expect(inviter.paired).toEqual({ device: phone.publicKey, name: "phone", platform: "android", space: null })
      expect(joiner.paired).toMatchObject({
        device: laptop.publicKey,
        name: "laptop",
        space: new Uint8Array(16).fill(9)
      })
      expect(joiner.granted).toEqual(Uint8Array.of(7))
      expect([inviter.session.isOver, joiner.session.isOver]).toEqual([true, true])
      expect([inviter.failed, joiner.failed]).toEqual([undefined, undefined])
    }
  })

  it("[PR-1] take nobody for a device whose key it has not shown to have, also by a right code", () => {
    const stranger = signerOf(3)
    const inviter = Device.inviter(crypto, { ...laptop, sign: stranger.sign }, [code])
    const joiner = Device.joiner(crypto, phone, code)
    converse(inviter, joiner)
    expect([joiner.failed, joiner.granted, joiner.paired]).toEqual(["ProofInvalid", undefined, undefined])
    const asked = Device.inviter(crypto, laptop, [code])
    converse(asked, Device.joiner(crypto, { ...phone, sign: stranger.sign }, code))
    expect([asked.failed, asked.shown, asked.paired]).toEqual(["ProofInvalid", undefined, undefined])
  })

  it("[PR-2] keep nothing when the person declines", () => {
    const { inviter, joiner } = meet(code, [code], { isApproving: false })
    expect([inviter.failed, joiner.failed]).toEqual(["Declined", "Declined"])
    expect([inviter.paired, joiner.paired, joiner.granted]).toEqual([undefined, undefined, undefined])
  })

  it("[PR-3] come to nothing by different codes, and neither shows a number", () => {
    for (const theirs of [wrong, PairingCode.ofDigits(483, "12345678"), { ...link, secret: new Uint8Array(16) }]) {
      const { inviter, joiner } = meet(theirs)
      expect([inviter.failed, joiner.failed]).toEqual(["CodeWrong", "CodeWrong"])
      expect([inviter.shown, joiner.shown]).toEqual([undefined, undefined])
    }
    // A window without a link has nothing to compare one with.
    expect(meet(link, [code]).joiner.failed).toBe("CodeWrong")
  })

  it("[PR-4] the attempt is counted before the inviter says anything, and a code that is used up says nothing more", () => {
    const inviter = Device.inviter(crypto, laptop, [code])
    const joiner = Device.joiner(crypto, phone, code)
    inviter.hear(joiner.out.shift()!)
    expect(inviter.counted).toBe(1)
    expect(inviter.out.length).toBe(1)
    const { inviter: spent, joiner: late } = meet(code, [code], { attemptsMax: 0 })
    expect([spent.failed, late.failed]).toEqual(["CodeUsedUp", "CodeUsedUp"])
    expect(late.shown).toBe(undefined)
  })

  it("[PR-5] a secret of fewer than six digits is refused, on both sides", () => {
    const short = PairingCode.ofDigits(482, "12345")
    const self = { signer: phone, name: "phone", platform: "", space: null }
    expect(() => PairingSession.join(crypto, self, short)).toThrow(RangeError)
    expect(() => PairingSession.invite(crypto, self, [code, short])).toThrow(RangeError)
    expect(() => PairingSession.join(crypto, self, PairingCode.ofDigits(482, ""))).toThrow(RangeError)
  })

  it("[PR-6] a device that hears itself stops, whatever is played back", () => {
    const joiner = Device.joiner(crypto, phone, code)
    const start = Message.message.decode(joiner.out.shift()!)
    if (start?._tag !== "Start") throw new Error("no start")
    joiner.hear(Message.message.encode({ _tag: "Ready", half: start.half }))
    expect(joiner.failed).toBe("Reflected")
    const second = Device.joiner(crypto, phone, code)
    second.hear(Message.message.encode({ _tag: "Ready", half: new Uint8Array(16) }))
    second.hear(second.out[1]!)
    expect(second.failed).toBe("Reflected")
    // Its own key in somebody else's words.
    const same = Device.inviter(crypto, phone, [code])
    const self = Device.joiner(crypto, phone, code)
    converse(same, self)
    expect([same.failed, self.failed]).toEqual(["Reflected", "Reflected"])
  })

  it("[PR-7] every message out of its turn, or none at all, ends the run", () => {
    const bytes = new Uint8Array(64)
    const said: ReadonlyArray<Message.PairingMessage> = [
      { _tag: "Start", version: 1, kind: "digits", half: new Uint8Array(16) },
      { _tag: "Ready", half: new Uint8Array(16) },
      { _tag: "Share", share: new Uint8Array(32), associated: Uint8Array.of(1) },
      { _tag: "Confirm", tag: bytes },
      { _tag: "Sealed", bytes }
    ]
    for (const message of said) {
      const inviter = Device.inviter(crypto, laptop, [code])
      const joiner = Device.joiner(crypto, phone, code)
      if (message._tag !== "Start") inviter.hear(Message.message.encode(message))
      if (message._tag !== "Ready") joiner.hear(Message.message.encode(message))
      expect([inviter.failed ?? "Malformed", joiner.failed ?? "Malformed"]).toEqual(["Malformed", "Malformed"])
      expect(inviter.failed ?? joiner.failed).toBe("Malformed")
    }
    for (const frame of [new Uint8Array(0), Uint8Array.of(0xc1), new Uint8Array(70_000), Uint8Array.of(0x80)]) {
      const inviter = Device.inviter(crypto, laptop, [code])
      inviter.hear(frame)
      expect(inviter.failed).toBe("Malformed")
      inviter.hear(frame)
      expect(inviter.out.length).toBe(1)
    }
    const later = Device.inviter(crypto, laptop, [code])
    later.hear(Message.message.encode({ _tag: "Start", version: 2, kind: "digits", half: new Uint8Array(16) }))
    expect(later.failed).toBe("Malformed")
  })

  it("[PR-8] nothing that crosses the wire holds the secret, and two runs have nothing in common", () => {
    const heard = [0, 1].map(() => {
      const inviter = Device.inviter(crypto, laptop, [code])
      const joiner = Device.joiner(crypto, phone, code)
      const frames: Array<Buffer> = []
      while (inviter.out.length + joiner.out.length > 0) {
        for (const [from, to] of [
          [joiner, inviter],
          [inviter, joiner]
        ] as const) {
          for (const frame of from.out.splice(0)) {
            frames.push(Buffer.from(frame))
            to.hear(frame)
          }
        }
      }
      expect(joiner.paired).toBeDefined()
      return frames
    })
    for (const frame of heard.flat()) expect(frame.includes("12345678")).toBe(false)
    const shares = heard.map((frames) => frames.map((frame) => frame.toString("hex")))
    expect(shares[0]!.filter((frame) => shares[1]!.includes(frame))).toEqual([])
  })

  it("[PR-10] what one side seals opens as that side's only, in its place", () => {
    const key = new Uint8Array(64).fill(5)
    const words = new TextEncoder().encode("let in")
    const sealed = (["inviter", "joiner"] as const).map((role) => new PairingSeal(key, role).seal(words))
    // Both count from the same number: with one key what is between their words would show in what is sent.
    expect(sealed[0]).not.toEqual(sealed[1])
    expect(new PairingSeal(key, "inviter").open(sealed[0]!)).toBeUndefined()
    expect(new PairingSeal(key, "joiner").open(sealed[1]!)).toBeUndefined()
    const joiner = new PairingSeal(key, "joiner")
    expect(joiner.open(sealed[0]!)).toEqual(words)
    expect(joiner.open(sealed[0]!)).toBeUndefined()
  })
})
