// Records every answer that servers of this process give, whoever asks: head, body and event streams, as they leave.
import diagnostics from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface RecordedAnswer {
  method: string
  /** Path and query. */
  url: string
  askedWith: IncomingMessage['headers']
  status: number
  headers: string
  body: string
}

export interface AnswerRecorder {
  /** In the order of the requests; an answer under way has what was sent of it so far. */
  answers: RecordedAnswer[]
  stop(): void
}

/** Records what is answered on this port, from now on. */
export function recordAnswers(port: number): AnswerRecorder {
  const answers: RecordedAnswer[] = []

  function onRequest(message: unknown): void {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    if (request.socket.localPort !== port) return
    const answer: RecordedAnswer = {
      method: request.method ?? '',
      url: request.url ?? '',
      askedWith: request.headers,
      status: 0,
      headers: '',
      body: '',
    }
    answers.push(answer)
    for (const name of ['write', 'end'] as const) {
      const original = response[name].bind(response) as (...parameters: unknown[]) => never
      const recording = (...parameters: unknown[]) => {
        const [chunk] = parameters
        if (typeof chunk === 'string' || chunk instanceof Uint8Array) answer.body += Buffer.from(chunk as Uint8Array).toString('utf8')
        answer.status = response.statusCode
        answer.headers = JSON.stringify(response.getHeaders())
        return original(...parameters)
      }
      Object.defineProperty(response, name, { value: recording, configurable: true, writable: true })
    }
  }

  diagnostics.subscribe('http.server.request.start', onRequest)
  return { answers, stop: () => diagnostics.unsubscribe('http.server.request.start', onRequest) }
}
