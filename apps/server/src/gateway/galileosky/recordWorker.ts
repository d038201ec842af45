/**
 * The thread that parses, compares and writes out Galileosky's records, so that the hub's own thread never waits for 50 MB of JSON. What
 * is new it hands over in portions, answers in pieces; who asks, and what becomes of the records, is not its business.
 */
import { parentPort } from "node:worker_threads"
import type { Answered, Answers, Asked, FreshRecord, Question } from "./BookMessage.ts"
import { type JsonObject, RecordRefused } from "./GalileoskyRecord.ts"
import { PostedBody } from "./PostedBody.ts"
import { type Receipt, RecordBook } from "./RecordBook.ts"

/** Records of one portion. */
const portionRecords = 512
/** Characters of an answer's piece. */
const pieceCharacters = 256 * 1024

interface OpenReceipt extends Receipt {
  kept: number
  portion: number
}

const book = new RecordBook()
const bodies = new Map<number, ReadonlyArray<Uint8Array>>()
const receipts = new Map<number, OpenReceipt>()
const answers = new Map<number, Generator<string>>()
let numbers = 0

const answerOf = (question: Question): Answers[keyof Answers] => {
  switch (question.ask) {
    case "takeRecords": {
      const news = question.entities.filter(({ fields, id }) => book.takeRecord(id, recordOf(fields)))
      book.trim()
      return { newRecords: news.length }
    }
    case "takeDevices":
      for (const device of question.devices) book.takeDevice(device)
      for (const name of question.gone) book.dropDevice(name)
      return null
    case "part": {
      const { body = ++numbers, bytes } = question
      bodies.set(body, [...(bodies.get(body) ?? []), bytes])
      return body
    }
    case "receive":
      return receive(question)
    case "forgetBody":
      bodies.delete(question.body)
      return null
    case "portion":
      return portionOf(receiptOf(question.receipt))
    case "kept":
      return keep(receiptOf(question.receipt))
    case "forget":
      receipts.delete(question.receipt)
      return null
    case "answer":
      return open(question)
    case "chunk":
      return { bytes: nextPiece(question.answer) }
    case "end":
      answers.delete(question.answer)
      return null
    case "everything":
      return { entities: book.entities, devices: book.deviceNames }
  }
}

/** A record that no entity can hold as it is stands there as text. */
const recordOf = (entity: string | undefined): unknown => {
  const fields = entity === undefined ? undefined : (JSON.parse(entity) as JsonObject)
  const text = fields?.["json"]
  if (typeof text !== "string" || Object.keys(fields!).length !== 1) return fields
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const receive = ({ body, form }: Question & { ask: "receive" }): Answers["receive"] => {
  try {
    const bytes = Buffer.concat(bodies.get(body) ?? [])
    bodies.delete(body)
    const receipt = book.receive(new PostedBody(bytes), form)
    const number = ++numbers
    receipts.set(number, { ...receipt, kept: 0, portion: 0 })
    const { devices, fresh, sender } = receipt
    return { receipt: number, newRecords: fresh.length, devices, sender: sender ?? null }
  } catch (error) {
    if (error instanceof RecordRefused || error instanceof SyntaxError) {
      return { problem: error.message }
    }
    throw error
  }
}

const receiptOf = (number: number): OpenReceipt => {
  const receipt = receipts.get(number)
  if (receipt === undefined) throw new Error("no such receipt")
  return receipt
}

const portionOf = (receipt: OpenReceipt): ReadonlyArray<FreshRecord> => {
  const portion = receipt.fresh.slice(receipt.kept, receipt.kept + portionRecords)
  receipt.portion = portion.length
  return portion.map(({ content, text }) => ({ id: content, text }))
}

const keep = (receipt: OpenReceipt): null => {
  book.keep(receipt.fresh.slice(receipt.kept, receipt.kept + receipt.portion))
  receipt.kept += receipt.portion
  receipt.portion = 0
  book.trim()
  return null
}

const open = ({ download, receipt }: Question & { ask: "answer" }): Answers["answer"] => {
  const of = receipt === undefined ? undefined : receiptOf(receipt)
  const entries = download === undefined ? undefined : book.download(download)
  const number = ++numbers
  answers.set(number, written(book.texts(of?.held, entries), of?.devicesBefore ?? book.devicesText()))
  return { answer: number, records: entries?.length ?? book.records }
}

function* written(records: Generator<string>, devices: string): Generator<string> {
  yield `"records":[`
  let isFirst = true
  for (const record of records) {
    yield isFirst ? record : `,${record}`
    isFirst = false
  }
  yield `],"devices":${devices}`
}

const nextPiece = (answer: number): Uint8Array | undefined => {
  const texts = answers.get(answer)
  const parts: Array<string> = []
  let length = 0
  while (length < pieceCharacters) {
    const next = texts?.next()
    if (next === undefined || next.done === true) break
    parts.push(next.value)
    length += next.value.length
  }
  if (parts.length > 0) return new TextEncoder().encode(parts.join(""))
  answers.delete(answer)
  return undefined
}

const answered = (number: number, answer: Answered["answer"], fault?: string): Answered => {
  const { characters, devices, downloads, lastImei, records } = book
  return { number, answer, fault, figures: { characters, devices, downloads, lastImei, records } }
}

const port = parentPort
if (port === null) throw new Error("recordWorker runs only as a worker thread")
port.on("message", ({ number, question }: Asked) => {
  try {
    const answer = answerOf(question)
    const bytes = question.ask === "chunk" ? (answer as Answers["chunk"]).bytes : undefined
    port.postMessage(answered(number, answer), bytes === undefined ? [] : [bytes.buffer as ArrayBuffer])
  } catch (error) {
    port.postMessage(answered(number, undefined, error instanceof Error ? error.message : String(error)))
  }
})
