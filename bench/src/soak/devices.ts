/**
 * A process with several devices of a long run, and what its parent may ask of them.
 */
import { serve } from "../child/Serving.ts"
import { type Counts, type DeviceOptions, NoteDevice, type WorkOptions } from "./NoteDevice.ts"
import * as NoteFolder from "./NoteFolder.ts"

let devices: ReadonlyArray<NoteDevice> = []

const deviceJobs = {
  /** Makes the folder of a device with so many notes. */
  fill: NoteFolder.fill,

  /** Makes the folder of another device with the same notes, and gives its peer id. */
  copy: NoteFolder.copy,

  open: async (options: ReadonlyArray<DeviceOptions>) => {
    devices = await Promise.all(options.map((each) => NoteDevice.open(each)))
  },

  work: async (options: WorkOptions) => {
    for (const device of devices) device.work(options)
  },

  /** What all devices here did together. */
  counts: async (): Promise<Counts> => {
    const sum: Counts = { transactions: 0, written: 0, received: 0, departures: 0, reopenings: 0 }
    for (const { counts } of devices)
      for (const name of Object.keys(sum) as Array<keyof Counts>) sum[name] += counts[name]
    return sum
  },

  stop: async () => {
    await Promise.all(devices.map((device) => device.stop()))
  },

  /** How many are in step with the hub. */
  synced: async () => (await Promise.all(devices.map((device) => device.isSynced()))).filter(Boolean).length,

  /** The hash over all records of the first device. */
  stateHash: async () => devices[0]!.stateHash(),

  close: async () => {
    await Promise.all(devices.map((device) => device.close()))
  }
}

/** Jobs by name; the parent's calls are typed by them. */
export type DeviceJobs = typeof deviceJobs

serve(deviceJobs)
