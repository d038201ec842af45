import { expect, it } from "@effect/vitest"
import type { MultiaddrConnection, StreamMuxer, StreamMuxerFactory, Upgrader } from "@libp2p/interface"
import { guarded } from "../src/QuicTransport.ts"

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
