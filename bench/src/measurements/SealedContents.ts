/**
 * What sealing costs: the same records taken in by a device in the clear and sealed, in processes of their own, and a new key
 * for a thousand devices.
 */
import type { Reading } from "../Figure.ts"
import type { Measurement } from "../Measurement.ts"
import type { Workshop } from "../Workshop.ts"

const perCommit = 100
const devices = 1_000

const ingest = async (workshop: Workshop, isSealed: boolean) => {
  const child = workshop.child()
  const [before, records] = workshop.isQuick ? [1_000, 5_000] : [30_000, 100_000]
  const { bytes, cpuSeconds, cpuSecondsBefore } = await child.call("ingest", { before, records, perCommit, isSealed })
  await child.end()
  return { perCpuSecond: records / cpuSeconds, perCpuSecondNew: before / cpuSecondsBefore, bytes }
}

export const sealedContents: Measurement = {
  name: "sealed",
  run: async (workshop): Promise<ReadonlyArray<Reading>> => {
    const plain = await ingest(workshop, false)
    const sealed = await ingest(workshop, true)
    const child = workshop.child()
    const key = await child.call("rotate", { devices })
    await child.end()
    return [
      {
        figure: "plain commits of 100 verified and stored, a processor second",
        unit: "records/s",
        value: plain.perCpuSecond
      },
      {
        figure: "the first 30,000 of a new process, sealed",
        unit: "records/s",
        value: sealed.perCpuSecondNew
      },
      {
        figure: "sealed commits of 100 opened, verified and stored, a processor second",
        unit: "records/s",
        value: sealed.perCpuSecond,
        target: { atLeast: 35_000 }
      },
      { figure: "ratio: sealed / plain, taken in", unit: "×", value: sealed.perCpuSecond / plain.perCpuSecond },
      { figure: "ratio: bytes of sealed / plain commits", unit: "×", value: sealed.bytes / plain.bytes },
      { figure: "a new key for 1,000 devices", unit: "ms", value: key.seconds * 1_000, target: { atMost: 2_000 } },
      { figure: "a new key for 1,000 devices: bytes", unit: "B", value: key.bytes, target: { atMost: 120_000 } }
    ]
  }
}
