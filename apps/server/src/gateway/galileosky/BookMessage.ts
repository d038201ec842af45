/** What is said between the hub's main thread and the thread that has the book of Galileosky's records. Only data, so that nothing is loaded for it. */
import type { BodyForm, Device, Download } from "./RecordBook.ts"

/** An entity as it is now; without fields, which are JSON, it is no more. */
export interface TakenEntity {
  readonly id: string
  readonly fields: string | undefined
}

/** A record that is to become an entity. */
export interface FreshRecord {
  readonly id: string
  /** As JSON, which is quicker to parse than an object is to pass on. */
  readonly text: string
}

export type Question =
  | { readonly ask: "takeRecords"; readonly entities: ReadonlyArray<TakenEntity> }
  | { readonly ask: "takeDevices"; readonly devices: ReadonlyArray<Device>; readonly gone: ReadonlyArray<string> }
  | { readonly ask: "part"; readonly body: number | undefined; readonly bytes: Uint8Array }
  | { readonly ask: "receive"; readonly body: number; readonly form: BodyForm }
  | { readonly ask: "forgetBody"; readonly body: number }
  | { readonly ask: "portion"; readonly receipt: number }
  | { readonly ask: "kept"; readonly receipt: number }
  | { readonly ask: "forget"; readonly receipt: number }
  | { readonly ask: "answer"; readonly receipt: number | undefined; readonly download: Download | undefined }
  | { readonly ask: "chunk"; readonly answer: number }
  | { readonly ask: "end"; readonly answer: number }
  | { readonly ask: "everything" }

/** How much is at hand. */
export interface Figures {
  readonly records: number
  readonly characters: number
  readonly devices: number
  readonly downloads: number
  readonly lastImei: string | null
}

export interface Received {
  readonly receipt: number
  readonly newRecords: number
  readonly devices: ReadonlyArray<Device>
  readonly sender: string | null
}

export interface Answers {
  readonly takeRecords: { readonly newRecords: number }
  readonly takeDevices: null
  /** The number of the body that it is a part of. */
  readonly part: number
  readonly forgetBody: null
  /** Or what is wrong with the body. */
  readonly receive: Received | { readonly problem: string }
  /** Those that come next and are not kept yet; none when all are. */
  readonly portion: ReadonlyArray<FreshRecord>
  readonly kept: null
  readonly forget: null
  readonly answer: { readonly answer: number; readonly records: number }
  /** `undefined` behind the last. */
  readonly chunk: { readonly bytes: Uint8Array | undefined }
  readonly end: null
  readonly everything: { readonly entities: ReadonlyArray<string>; readonly devices: ReadonlyArray<string> }
}

export interface Asked {
  readonly number: number
  readonly question: Question
}

export interface Answered {
  readonly number: number
  readonly figures: Figures
  readonly answer: Answers[keyof Answers] | undefined
  /** Why there is no answer: a fault of the thread. */
  readonly fault: string | undefined
}
