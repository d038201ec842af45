/**
 * Passwords of people: argon2id of node:crypto with 19 MiB, 2 passes and one lane, written as PHC strings. As each takes that much
 * memory and a twentieth of a second, few are hashed at a time and few may wait. Whose password it is, and how often somebody may
 * try, is for others.
 */
import { argon2, randomBytes, timingSafeEqual } from "node:crypto"
import { Occupancy } from "@syncline/core"
import { Context, Effect, Layer, Redacted, Semaphore } from "effect"
import { because, PasswordsBusy, type PeopleError } from "./PeopleError.ts"

/** Hashed at a time. */
export const atOnceMax = 2
/** Hashed or waiting; a further one fails with `PasswordsBusy`. */
export const hashesMax = atOnceMax + 32

const saltBytes = 16
const tagBytes = 32

/** What a guess costs. */
interface Cost {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}
const usual: Cost = { memoryKib: 19 * 1024, passes: 2, lanes: 1 }

interface Kept {
  readonly cost: Cost
  readonly salt: Buffer
  readonly tag: Buffer
}

export interface Match {
  readonly isRight: boolean
  /** It was hashed with other costs than are usual now. */
  readonly isOld: boolean
}

export interface PasswordsShape {
  /** The PHC string of a password. Fails with `PasswordsBusy`. */
  readonly hash: (password: Redacted.Redacted<string>) => Effect.Effect<string, PeopleError>
  /** Whether a PHC string is of this password; without one it takes as long and says no. Fails with `PasswordsBusy`. */
  readonly matches: (password: Redacted.Redacted<string>, phc: string | undefined) => Effect.Effect<Match, PeopleError>
}

export class Passwords extends Context.Service<Passwords, PasswordsShape>()("@syncline/server/people/Passwords") {
  static readonly layer: Layer.Layer<Passwords> = Layer.effect(
    Passwords,
    Effect.suspend(() => make())
  )
}

const make = Effect.fnUntraced(function* () {
  const places = new Places()
  yield* Occupancy.watch([{ kind: "queue", name: "password_hashes", limit: hashesMax, length: () => places.taken }])
  // Nobody's: what is compared with it is hashed all the same, and never equals it.
  const nobodys: Kept = { cost: usual, salt: randomBytes(saltBytes), tag: randomBytes(tagBytes) }
  return {
    hash: (password) => {
      const salt = randomBytes(saltBytes)
      return Effect.map(places.during(derive(password, usual, salt)), (tag) => phcOf({ cost: usual, salt, tag }))
    },
    matches: (password, phc) => {
      const known = phc === undefined ? undefined : keptOf(phc)
      const { cost, salt, tag } = known ?? nobodys
      return Effect.map(places.during(derive(password, cost, salt, tag.length)), (made) => ({
        isRight: timingSafeEqual(made, tag) && known !== undefined,
        isOld: phcOf({ cost, salt, tag }) !== phcOf({ cost: usual, salt, tag }) || tag.length !== tagBytes
      }))
    }
  } satisfies PasswordsShape
})

class Places {
  /** Hashed or waiting. */
  taken = 0
  readonly #working = Semaphore.makeUnsafe(atOnceMax)

  /** Works on a hash when it is its turn. What has begun ends, as its memory is in use until then. */
  during<A>(work: Effect.Effect<A>): Effect.Effect<A, PeopleError> {
    return Effect.acquireUseRelease(
      Effect.suspend(() => {
        if (this.taken >= hashesMax) return Effect.fail(because(new PasswordsBusy()))
        return Effect.sync(() => void this.taken++)
      }),
      () => this.#working.withPermits(1)(Effect.uninterruptible(work)),
      () => Effect.sync(() => void this.taken--)
    )
  }
}

/** One password is typed in several forms of the same characters. */
const derive = (password: Redacted.Redacted<string>, cost: Cost, salt: Buffer, tagLength = tagBytes) =>
  Effect.callback<Buffer>((resume) => {
    const message = Buffer.from(Redacted.value(password).normalize("NFKC"), "utf8")
    const { lanes: parallelism, memoryKib: memory, passes } = cost
    argon2("argon2id", { message, nonce: salt, parallelism, memory, passes, tagLength }, (error, tag) => {
      resume(error === null ? Effect.succeed(Buffer.from(tag)) : Effect.die(error))
    })
  })

const phcOf = ({ cost: { lanes, memoryKib, passes }, salt, tag }: Kept): string =>
  `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "")

const phcPattern = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

const keptOf = (phc: string): Kept | undefined => {
  const [, memoryKib, passes, lanes, salt, tag] = phcPattern.exec(phc) ?? []
  if (tag === undefined) return undefined
  return {
    cost: { memoryKib: Number(memoryKib), passes: Number(passes), lanes: Number(lanes) },
    salt: Buffer.from(salt!, "base64"),
    tag: Buffer.from(tag, "base64")
  }
}
