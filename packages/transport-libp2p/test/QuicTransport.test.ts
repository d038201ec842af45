import { expect, it } from "@effect/vitest"
import type { MultiaddrConnection, StreamMuxer, StreamMuxerFactory, Upgrader } from "@libp2p/interface"
import { createLibp2p } from "libp2p"
import { onTestFinished } from "vitest"
import { guarded, quic } from "../src/QuicTransport.ts"
import { quic as anyPort } from "./Harness.ts"

it("[LP-42] no muxer is made of a connection that has ended, which would ask it for streams for ever", async () => {
  const made: Array<string> = []
  const muxerFactory: StreamMuxerFactory = {
    protocol: "quic",
    createStreamMuxer: ({ status }) => {
      made.push(status)
      return {} as StreamMuxer
    }
  }
  // The connection ends while the upgrade asks others about it, as one does whose dialler hangs up.
  const upgrade = async (connection: MultiaddrConnection, options: { muxerFactory?: StreamMuxerFactory }) => {
    await Promise.resolve()
    options.muxerFactory?.createStreamMuxer(connection)
  }
  const upgrader = { upgradeInbound: upgrade, upgradeOutbound: upgrade } as unknown as Upgrader
  const options = { skipEncryption: true, skipProtection: true, muxerFactory } as unknown as Parameters<
    Upgrader["upgradeInbound"]
  >[1]
  for (const direction of ["upgradeInbound", "upgradeOutbound"] as const) {
    const upgraded = (status: string) =>
      guarded(upgrader)[direction]({ status } as MultiaddrConnection, options as never)
    await upgraded("open")
    for (const status of ["aborted", "closed", "reset", "closing"]) {
      await expect(upgraded(status)).rejects.toThrow("ended already")
    }
  }
  expect(made).toEqual(["open", "open"])
})

const node = async (listen: ReadonlyArray<string>) => {
  const started = await createLibp2p({ addresses: { listen: [...listen] }, transports: [...(await quic(5_000))] })
  onTestFinished(async () => started.stop())
  return started
}

it("[LP-48] what has come while the process was busy is read 64 KiB at a time", async () => {
  const listening = await node([anyPort])
  const dialling = await node([])
  const total = 1024 * 1024
  const sizes: Array<number> = []
  const arrived = new Promise<void>((resolve) => {
    void listening.handle("/many/1", (stream) => {
      let bytes = 0
      stream.addEventListener("message", ({ data }) => {
        sizes.push(data.byteLength)
        bytes += data.byteLength
        // Busy with something else, once: meanwhile more comes.
        for (const untilMs = performance.now() + 300; sizes.length === 1 && performance.now() < untilMs;);
        if (bytes >= total) resolve()
      })
    })
  })
  const stream = await dialling.dialProtocol(listening.getMultiaddrs()[0]!, "/many/1")
  stream.send(new Uint8Array(total))
  await arrived
  expect(Math.max(...sizes)).toBeGreaterThan(4_096)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024)
})
