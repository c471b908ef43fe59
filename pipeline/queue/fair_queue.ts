/**
 * What waits, served by deficit round robin: tenants take turns, and in a turn a tenant is served as much as its weight
 * gives it, so that who comes waits about one round at the most, whatever another has waiting. Within a tenant the
 * order is that of arrival. What is nobody's, or of several, is as one more tenant of weight 1.
 *
 * A tenant has a lane as long as something of it waits: there are never more lanes than things that wait. One that comes
 * back has saved nothing up. Without tenants there is one lane, and it costs what a list costs.
 * Source: Shreedhar, Varghese: Efficient Fair Queuing Using Deficit Round-Robin (1995).
 *
 * @module
 */

import type { TenantTag } from "../core/tenant.ts";
import { LinkedList, ListNode } from "./linked_list.ts";
import type { Sizer } from "./settings.ts";

/**
 * What a turn gives a tenant of weight 1, by the unit that turns are measured in: a small request. More would lengthen
 * the rounds, less would lengthen the search for whose turn it is. What is sent by itself costs this at the least,
 * however small: the destination has its work with each.
 */
export const TURN_QUANTUM: Readonly<Record<Sizer, number>> = { requests: 1, items: 10, bytes: 4_096 };

/** What can wait for a turn. */
export abstract class Waiting<Self extends Waiting<Self>> extends ListNode<Self> {
  /** Whose it is; it never changes. */
  abstract readonly tenant: TenantTag | undefined;
  /** What it takes of its tenant's turn, above 0, in the unit of the quantum. */
  abstract readonly cost: number;
}

/** What waits of one tenant. It is among the turns as long as it is not empty. */
class Lane<Node extends Waiting<Node>> extends ListNode<Lane<Node>> {
  readonly nodes = new LinkedList<Node>();
  /** What it may still take in its turn. */
  credit = 0;

  /** @param slot Of its tenant; undefined: of nobody. */
  constructor(readonly slot: number | undefined, public weight: number) {
    super();
  }
}

export class FairQueue<Node extends Waiting<Node>> {
  readonly #quantum: number;
  readonly #untagged = new Lane<Node>(undefined, 1);
  /** By the tenant's slot. */
  readonly #tagged = new Map<number, Lane<Node>>();
  /** The first one's turn it is. */
  readonly #turns = new LinkedList<Lane<Node>>();
  /** The one that has had what its turn gives; who comes while it is alone waits for no more than that. */
  #current: Lane<Node> | undefined;

  constructor(quantum: number) {
    this.#quantum = quantum;
  }

  get isEmpty(): boolean {
    return this.#turns.first === undefined;
  }

  /** Tenants that have something waiting, what is nobody's counted as one. */
  get lanes(): number {
    return this.#turns.length;
  }

  /** Puts it behind all of its tenant. */
  append(node: Node): void {
    const lane = this.#laneFor(node.tenant);
    if (lane.nodes.first === undefined) {
      lane.credit = 0;
      this.#turns.append(lane);
    }
    lane.nodes.append(node);
  }

  /** Who is next. It stays the same until that one is charged or leaves. */
  peek(): Node | undefined {
    return this.#nextLane()?.nodes.first;
  }

  /** Takes out who is next, and charges its cost. */
  shift(): Node | undefined {
    const lane = this.#nextLane();
    const node = lane?.nodes.shift();
    if (lane === undefined || node === undefined) return undefined;
    if (this.#turns.length > 1) lane.credit -= node.cost;
    if (lane.nodes.first === undefined) this.#drop(lane);
    return node;
  }

  /** `node` was served, in whole or in part. Who is alone is not charged: nobody waited for it. */
  charge({ tenant }: Node, cost: number): void {
    if (this.#turns.length > 1) this.#laneFor(tenant).credit -= cost;
  }

  /** Puts a node that was served in part behind the others of its tenant. */
  rotate(node: Node): void {
    const { nodes } = this.#laneFor(node.tenant);
    if (nodes.length === 1) return;
    nodes.remove(node);
    nodes.append(node);
  }

  /** Takes a node out, whoever is next; one that is not in this queue is left alone. */
  remove(node: Node): void {
    const lane = node.tenant === undefined ? this.#untagged : this.#tagged.get(node.tenant.slot);
    if (lane === undefined || node.list !== lane.nodes) return;
    // What a large one saved up in many rounds is not for those behind it when it leaves unserved.
    if (lane.nodes.first === node) lane.credit = Math.min(lane.credit, this.#quantum * lane.weight);
    lane.nodes.remove(node);
    if (lane.nodes.first === undefined) this.#drop(lane);
  }

  /** The first of each tenant. */
  *heads(): Generator<Node> {
    for (let lane = this.#turns.first; lane !== undefined; lane = lane.next) {
      if (lane.nodes.first !== undefined) yield lane.nodes.first;
    }
  }

  #drop(lane: Lane<Node>): void {
    if (this.#current === lane) this.#current = undefined;
    this.#turns.remove(lane);
    if (lane.slot !== undefined) this.#tagged.delete(lane.slot);
  }

  #nextLane(): Lane<Node> | undefined {
    if (this.#turns.length > 1) return this.#laneInTurn();
    this.#current = this.#turns.first;
    return this.#current;
  }

  /** The lane of a tenant, whose weight may have changed since it was made. */
  #laneFor(tenant: TenantTag | undefined): Lane<Node> {
    if (tenant === undefined) return this.#untagged;
    let lane = this.#tagged.get(tenant.slot);
    if (lane === undefined) this.#tagged.set(tenant.slot, lane = new Lane(tenant.slot, tenant.weight));
    else lane.weight = tenant.weight;
    return lane;
  }

  /** Of two or more lanes the one whose turn it is, or goes on. */
  #laneInTurn(): Lane<Node> {
    for (;;) {
      for (let left = this.#turns.length; left > 0; left--) {
        const lane = this.#turns.first!;
        if (lane !== this.#current) this.#give(lane, 1);
        this.#current = lane;
        if (isAffordable(lane)) return lane;
        this.#turns.remove(lane);
        this.#turns.append(lane);
      }
      this.#skipRounds();
    }
  }

  /** In a whole round nobody could be served: gives all of them what the further rounds in which nobody can would. */
  #skipRounds(): void {
    let rounds = Infinity;
    for (let lane = this.#turns.first; lane !== undefined; lane = lane.next) {
      const missing = (lane.nodes.first?.cost ?? 0) - lane.credit;
      rounds = Math.min(rounds, Math.ceil(missing / (this.#quantum * lane.weight)) - 1);
    }
    if (rounds <= 0) return;
    for (let lane = this.#turns.first; lane !== undefined; lane = lane.next) this.#give(lane, rounds);
  }

  #give(lane: Lane<Node>, turns: number): void {
    lane.credit += turns * this.#quantum * lane.weight;
  }
}

function isAffordable<Node extends Waiting<Node>>({ nodes, credit }: Lane<Node>): boolean {
  return (nodes.first?.cost ?? 0) <= credit;
}
