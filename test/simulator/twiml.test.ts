// TwiML is read strictly: what the carrier takes, and what it refuses.
import { describe, expect, it } from 'vitest'
import { parseTwiml } from '../../src/simulator/twiml.ts'

const document = (verbs: string) => `<?xml version="1.0" encoding="UTF-8"?>\n<Response>${verbs}</Response>`

describe('TwiML that is taken', () => {
  it.each([
    ['nothing', '', []],
    ['a Say', '<Say>Hello</Say>', [{ verb: 'say', text: 'Hello', language: 'en-US' }]],
    ['a Say with a language and a voice', '<Say language="cmn-CN" voice="woman">你好</Say>', [{ verb: 'say', text: '你好', language: 'cmn-CN' }]],
    ['markup inside a Say', '<Say>1 <prosody rate="slow">2 <break time="1s"/>3</prosody></Say>', [{ verb: 'say', text: '1 2 3', language: 'en-US' }]],
    ['references', '<Say>a &amp; b &lt;c&gt; &#x4F60;&#65;</Say>', [{ verb: 'say', text: 'a & b <c> 你A', language: 'en-US' }]],
    ['digits, as they stand', '<Say>0 1 2 0</Say>', [{ verb: 'say', text: '0 1 2 0', language: 'en-US' }]],
    ['comments', '<!-- hello --><Hangup/>', [{ verb: 'hangup' }]],
    [
      'pauses',
      '<Pause/><Pause length="3"/>',
      [
        { verb: 'pause', seconds: 1 },
        { verb: 'pause', seconds: 3 },
      ],
    ],
    [
      'a Redirect',
      '<Redirect method="GET"> http://localhost/a?b=1&amp;c=2 </Redirect>',
      [{ verb: 'redirect', url: 'http://localhost/a?b=1&c=2', method: 'GET' }],
    ],
    ['a Reject', '<Reject reason="busy"/>', [{ verb: 'reject' }]],
  ])('%s', (_, verbs, expected) => {
    expect(parseTwiml(document(verbs))).toEqual(expected)
  })

  it("a Gather, with Twilio's defaults", () => {
    expect(parseTwiml(document('<Gather/>'))).toEqual([
      {
        verb: 'gather',
        prompts: [],
        numDigits: undefined,
        timeoutSeconds: 5,
        finishOnKey: '#',
        action: undefined,
        method: 'POST',
        actionOnEmptyResult: false,
      },
    ])
  })

  it('a Gather with everything', () => {
    const attributes = 'input="dtmf" numDigits="2" timeout="9" finishOnKey="" action="/keys" method="GET" actionOnEmptyResult="true"'
    expect(parseTwiml(document(`<Gather ${attributes}><Say>Key two.</Say><Pause/></Gather>`))).toEqual([
      {
        verb: 'gather',
        prompts: [
          { verb: 'say', text: 'Key two.', language: 'en-US' },
          { verb: 'pause', seconds: 1 },
        ],
        numDigits: 2,
        timeoutSeconds: 9,
        finishOnKey: '',
        action: '/keys',
        method: 'GET',
        actionOnEmptyResult: true,
      },
    ])
  })
})

describe('TwiML that is refused', () => {
  it.each([
    ['nothing at all', ''],
    ['text', 'hello'],
    ['an open element', '<Response><Say>Hello</Response>'],
    ['a bare ampersand', document('<Say>a & b</Say>')],
    ['a name of HTML', document('<Say>a&nbsp;b</Say>')],
    ['a document type', '<!DOCTYPE Response [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>'],
  ])('%s, as no XML', (_, text) => {
    expect(() => parseTwiml(text)).toThrow(expect.objectContaining({ name: 'CallFault', code: 12100 }))
  })

  it.each([
    ['another root', '<Answer/>'],
    ['two roots', '<Response/><Response/>'],
    ['text beside verbs', document('Hello')],
    ['an unknown verb', document('<Dial>+12025550143</Dial>')],
    ['a verb in the wrong case', document('<say>Hello</say>')],
    ['an unknown attribute', document('<Gather digits="2"/>')],
    ['a number that is none', document('<Gather numDigits="two"/>')],
    ['no keys to gather', document('<Gather numDigits="0"/>')],
    ['speech to gather', document('<Gather input="speech"/>')],
    ['a finishing key that is none', document('<Gather finishOnKey="A"/>')],
    ['a Redirect inside a Gather', document('<Gather><Redirect>/</Redirect></Gather>')],
    ['a verb inside a Say', document('<Say>Hello<Hangup/></Say>')],
    ['a language that is none', document('<Say language="English">Hello</Say>')],
    ['a Redirect to nowhere', document('<Redirect/>')],
    ['something inside a Hangup', document('<Hangup>now</Hangup>')],
  ])('%s, as no TwiML', (_, text) => {
    expect(() => parseTwiml(text)).toThrow(expect.objectContaining({ name: 'CallFault', code: 12200 }))
  })

  it('a Say with nothing to say', () => {
    expect(() => parseTwiml(document('<Say> </Say>'))).toThrow(expect.objectContaining({ code: 13520 }))
  })
})
