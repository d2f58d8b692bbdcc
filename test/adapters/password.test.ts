import { describe, expect, it } from 'vitest'
import { argon2Passwords } from '../../src/adapters/accounts/password.ts'

/** Cheap ones, where the cost is not what is tested. */
const cheap = { m: 8, t: 1, p: 1 }

describe('passwords', () => {
  it('are hashed with argon2id, 19456 KiB, two passes, one lane, a salt of 16 bytes and a tag of 32', async () => {
    const hash = await argon2Passwords().hash('correct horse battery staple')
    const [, salt = '', tag = ''] = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$([^$]+)\$([^$]+)$/.exec(hash) ?? []
    expect(Buffer.from(salt, 'base64')).toHaveLength(16)
    expect(Buffer.from(tag, 'base64')).toHaveLength(32)
    expect(hash).not.toContain('=$')
  })

  it('are compared', async () => {
    const passwords = argon2Passwords({ parameters: cheap })
    const hash = await passwords.hash('right')
    expect(await passwords.verify('right', hash)).toBe('right')
    for (const wrong of ['Right', 'right ', ' right', 'righ', '', 'right\0']) expect(await passwords.verify(wrong, hash), wrong).toBe('wrong')
  })

  it('are salted: the same one never hashes alike', async () => {
    const passwords = argon2Passwords({ parameters: cheap })
    expect(await passwords.hash('same')).not.toBe(await passwords.hash('same'))
  })

  it('verify against a hash that the reference implementation made', async () => {
    // From the test suite of phc-winner-argon2.
    const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await argon2Passwords().verify('password', hash)).toBe('right')
    expect(await argon2Passwords().verify('Password', hash)).toBe('wrong')
  })

  it('may be up to 1024 bytes; longer ones are wrong, even where the beginning is right', async () => {
    const passwords = argon2Passwords({ parameters: cheap })
    const hash = await passwords.hash('ä'.repeat(512))
    expect(await passwords.verify('ä'.repeat(512), hash)).toBe('right')
    expect(await passwords.verify(`${'ä'.repeat(512)}x`, hash)).toBe('wrong')
    expect(await passwords.verify('x'.repeat(10_000_000), hash)).toBe('wrong')
    await expect(passwords.hash(`${'ä'.repeat(512)}x`)).rejects.toThrow('1 to 1024 bytes')
    await expect(passwords.hash('')).rejects.toThrow(RangeError)
  })

  it('are the same however a keyboard composes them', async () => {
    const passwords = argon2Passwords({ parameters: cheap })
    expect(await passwords.verify('cafe\u0301', await passwords.hash('caf\u00e9'))).toBe('right')
    expect(await passwords.verify('\u1112\u1161\u11ab', await passwords.hash('\ud55c'))).toBe('right')
    expect(await passwords.verify('Ⅸ', await passwords.hash('IX'))).toBe('wrong')
  })

  it('are right but weak when more is asked for than they were hashed with', async () => {
    const hash = await argon2Passwords({ parameters: cheap }).hash('right')
    expect(await argon2Passwords({ parameters: { m: 16, t: 1, p: 1 } }).verify('right', hash)).toBe('right-but-weak')
    expect(await argon2Passwords({ parameters: { m: 8, t: 2, p: 1 } }).verify('right', hash)).toBe('right-but-weak')
    expect(await argon2Passwords({ parameters: { m: 16, t: 2, p: 1 } }).verify('wrong', hash)).toBe('wrong')
    const strong = await argon2Passwords({ parameters: { m: 16, t: 2, p: 1 } }).hash('right')
    expect(await argon2Passwords({ parameters: cheap }).verify('right', strong)).toBe('right')
  })

  it('without a hash are wrong, at the cost of a comparison', async () => {
    const passwords = argon2Passwords()
    const hash = await passwords.hash('right')
    // Processor time, not time on the wall: others may be working on this machine. Each way alternately, so that both meet the same conditions.
    const cost = { known: 0, unknown: 0 }
    for (let round = 0; round < 5; round += 1) {
      for (const who of ['known', 'unknown'] as const) {
        const before = process.cpuUsage()
        expect(await passwords.verify('wrong', who === 'known' ? hash : undefined)).toBe('wrong')
        const { user, system } = process.cpuUsage(before)
        cost[who] += user + system
      }
    }
    expect(cost.unknown).toBeGreaterThan(cost.known / 2)
    expect(cost.unknown).toBeLessThan(cost.known * 2)
  })

  it('are computed so many at a time, and refused as busy when too many wait', async () => {
    const passwords = argon2Passwords({ concurrency: 2, waiting: 3 })
    const hash = await passwords.hash('right')
    const verdicts = await Promise.all(Array.from({ length: 9 }, () => passwords.verify('right', hash)))
    expect(verdicts.filter((verdict) => verdict === 'right').length).toBeGreaterThanOrEqual(3)
    expect(verdicts.filter((verdict) => verdict === 'busy').length).toBeGreaterThanOrEqual(4)
    expect(await passwords.verify('right', hash)).toBe('right')
  })

  it('do not keep the event loop from its work', async () => {
    let turns = 0
    let isDone = false
    const count = () => {
      turns += 1
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    await argon2Passwords().hash('right')
    isDone = true
    expect(turns).toBeGreaterThan(10)
  })

  it.each(['', 'plain text', '$2b$10$abcdefghijklmnopqrstuv', '$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc'])(
    'are not compared with what is no hash of ours: %j',
    async (hash) => {
      const failure = argon2Passwords({ parameters: cheap }).verify('right', hash)
      await expect(failure).rejects.toThrow('set the password of that account anew')
      if (hash !== '') await expect(failure).rejects.not.toThrow(hash)
    },
  )
})
