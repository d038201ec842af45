/**
 * The disk whose power is cut, as files in memory. The disk is an ext4 image on a loop mount; its file lies on a second
 * ext4, the carrier. Freezing the carrier stops every write to the image at once, so that a copy made meanwhile is what
 * the disk held at one moment, while its writer still runs. A copy of a file that goes on changing would mix moments:
 * the log's newest pages with the database file of before the last checkpoint.
 *
 * It knows nothing of journals. Nothing it mounts outlives `tearDown`, or the process's mount namespace.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, rmSync } from "node:fs"
import { basename, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { commandMsMax, run } from "./Command.ts"

/** Files take what was written to them, not their size. */
const memoryMebibytesMax = 1024
const carrierMebibytes = 288
const diskMebibytes = 192
const unmountTriesMax = 40

/** It thaws whatever happens to us: it ignores signals, and reads the end of its input when we die. */
const cutScript = `trap '' INT TERM HUP PIPE
fsfreeze -f "$1" || exit 1
timeout 20 cp --sparse=always "$2" "$3"
copied=$?
echo copied
read -r _
fsfreeze -u "$1" || exit 1
exit $copied`

const makeFileSystem = async (image: string, mebibytes: number): Promise<void> => {
  rmSync(image, { force: true })
  await run("truncate", "-s", `${mebibytes}M`, image)
  await run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
}

export class Disks {
  /** Where the disk is mounted. */
  readonly live: string
  /** Where a copy of it is mounted. */
  readonly recovered: string
  readonly #carrier: string
  readonly #memory: string
  readonly #image: string
  readonly #name: string
  readonly #mounted: Array<string> = []

  /** Everything lies in `root`, a folder that exists. */
  constructor(root: string) {
    // Beside each other: a file system on a mount that its own image keeps busy could never be freed.
    this.live = join(root, "live")
    this.recovered = join(root, "recovered")
    this.#carrier = join(root, "carrier")
    this.#memory = join(root, "memory")
    // Loop devices show the names of their files, so these say whose they are.
    this.#name = basename(root)
    this.#image = join(this.#carrier, `${this.#name}-disk.img`)
  }

  async setUp(): Promise<void> {
    for (const folder of [this.live, this.recovered, this.#carrier, this.#memory]) mkdirSync(folder)
    await this.#mount("-t", "tmpfs", "-o", `size=${memoryMebibytesMax}m`, "tmpfs", this.#memory)
    const carrierImage = join(this.#memory, `${this.#name}-carrier.img`)
    await makeFileSystem(carrierImage, carrierMebibytes)
    await this.#mount("-o", "loop", carrierImage, this.#carrier)
  }

  /** An empty disk in place of the present one. */
  makeNew(): Promise<void> {
    return makeFileSystem(this.#image, diskMebibytes)
  }

  mountLive(): Promise<void> {
    return this.#mount("-o", "loop", this.#image, this.live)
  }

  unmountLive(): Promise<void> {
    return this.#unmount(this.live)
  }

  /** Copies what the disk holds now under a number. `meanwhile` is run while the disk stands still. */
  async cut(number: number, meanwhile: () => Promise<void>): Promise<void> {
    const child = spawn("sh", ["-c", cutScript, "sh", this.#carrier, this.#image, this.#copy(number)], {
      stdio: ["pipe", "pipe", "inherit"],
      detached: true
    })
    const closed = once(child, "close", { signal: AbortSignal.timeout(3 * commandMsMax) })
    try {
      await Promise.race([once(child.stdout, "data"), closed])
      await meanwhile()
    } finally {
      child.stdin.end()
      await closed
    }
    if (child.exitCode !== 0) throw new Error(`the disk could not be copied (exit code ${child.exitCode})`)
  }

  /** Mounts a copy, which makes ext4 recover as it does when the power is back. */
  mountRecovered(number: number): Promise<void> {
    return this.#mount("-o", "loop", this.#copy(number), this.recovered)
  }

  unmountRecovered(): Promise<void> {
    return this.#unmount(this.recovered)
  }

  /** A recovered copy becomes the disk. Neither may be mounted. */
  async goOn(number: number): Promise<void> {
    await run("cp", "--sparse=always", this.#copy(number), this.#image)
  }

  /** Removes a copy. */
  forget(number: number): void {
    rmSync(this.#copy(number), { force: true })
  }

  async tearDown(): Promise<void> {
    for (const place of this.#mounted.toReversed()) await this.#unmount(place)
  }

  #copy(number: number): string {
    return join(this.#memory, `${this.#name}-copy-${number}.img`)
  }

  async #mount(...args: ReadonlyArray<string>): Promise<void> {
    await run("mount", ...args)
    this.#mounted.push(args.at(-1)!)
  }

  async #unmount(place: string): Promise<void> {
    const index = this.#mounted.indexOf(place)
    if (index < 0) return
    for (let tries = 1; ; tries++) {
      try {
        await run("umount", place)
        break
      } catch (error) {
        // A process that was ended lets go of its files a moment later.
        if (tries === unmountTriesMax) throw error
        await sleep(50)
      }
    }
    this.#mounted.splice(index, 1)
  }
}
