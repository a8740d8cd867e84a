import { assertEquals } from "@std/assert";
import { parked } from "../_internal/wait.ts";
import { ownIdentity } from "../_internal/process.ts";
import { Peer } from "../shm/_peer.ts";
import { ASLEEP, AWAKE, Sleeper, wakeSleepers } from "../shm/_sleeper.ts";
import { Words } from "./_util/words.ts";

/** Somebody who lives: this process. */
function livingPeer(): Peer {
  const owners = new BigUint64Array([ownIdentity()]);
  const [role, verb, name] = ["producer", "send", "test"];
  return new Peer({ owners, index: 0, role, verb, name });
}

Deno.test("who is about to sleep says so, and then looks once more", async () => {
  using shared = new Words(1);
  const [word] = shared.words;
  const said: number[] = [];
  function ready(): boolean {
    said.push(word[0]);
    return true;
  }
  const peer = livingPeer();
  const sleeper = new Sleeper({ word, peer, ready, name: "test" });
  sleeper.parkSync(1);
  await parked(sleeper.park, undefined);
  assertEquals(said, [ASLEEP, ASLEEP]);
});

Deno.test("who sleeps is woken by who finds that it does, and once", async () => {
  using shared = new Words(1);
  const [word] = shared.words;
  const peer = livingPeer();
  const ready = () => false;
  const sleeper = new Sleeper({ word, peer, ready, name: "test" });
  for (let i = 0; i < 20; i++) {
    const sleeping = parked(sleeper.park, undefined);
    if (i % 2 === 0) await new Promise((done) => setTimeout(done));
    wakeSleepers(word);
    assertEquals(word[0], AWAKE);
    await sleeping;
    wakeSleepers(word);
    assertEquals(word[0], AWAKE);
  }
  peer.close();
});
